// The report in the Prometheus text exposition format, for a node exporter's textfile collector. No
// instance label: the scraper adds its own.

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/config/version.h"
#include "agent/report/metrics.h"
#include "agent/report/report.h"
#include "probes/base/text.h"

namespace efa {
namespace {

void put_verdict(Metrics& metrics, const Report& report) {
  metrics.family("efa_doctor_verdict", "gauge", "1 for the verdict of the newest pass, else 0.");
  for (const Verdict verdict : {Verdict::kHealthy, Verdict::kDegraded, Verdict::kUnhealthy,
                                Verdict::kUnknown, Verdict::kNotApplicable}) {
    metrics.sample({{"verdict", verdict_text(verdict)}},
                   verdict == report.diagnosis.verdict ? "1" : "0");
  }
}

void put_funnel(Metrics& metrics, const Report& report) {
  metrics.family("efa_doctor_devices", "gauge",
                 "EFA devices that reached a stage; absent: not measured.");
  for (const FunnelStage& stage : report.diagnosis.funnel) {
    // one that could not be looked at is no device less
    const bool lower_bound = stage.at_least && stage.rung != Rung::kAttached;
    if (!stage.count || lower_bound) continue;
    metrics.sample({{"stage", rung_text(stage.rung)}}, std::to_string(*stage.count));
  }
}

struct Failing {
  std::string code;
  int subjects = 0;
  bool root_cause = false;
  Severity severity = Severity::kInfo;
};

// The gravest first, of them the causes.
std::vector<Failing> failing_of(const Report& report) {
  std::map<std::string_view, Failing> codes;
  for (const Finding& finding : report.diagnosis.findings) {
    if (finding.result != FindingResult::kFail) continue;
    Failing& failing = codes[finding.check->code];
    failing.code = finding.check->code;
    ++failing.subjects;
    failing.root_cause = failing.root_cause || finding.explained_by.empty();
    failing.severity = finding.check->severity;
  }
  std::vector<Failing> all;
  for (auto& [code, failing] : codes) all.push_back(std::move(failing));
  std::stable_sort(all.begin(), all.end(), [](const Failing& a, const Failing& b) {
    return std::pair(a.severity, !a.root_cause) < std::pair(b.severity, !b.root_cause);
  });
  return all;
}

void put_failing(Metrics& metrics, const Report& report) {
  constexpr size_t kMostCodes = 40;  // with all else below 60 series of a node
  const std::vector<Failing> failing = failing_of(report);
  const size_t told = std::min(failing.size(), kMostCodes);
  metrics.family("efa_doctor_findings", "gauge", "Subjects for which a check fails.");
  for (const Failing& one : std::span(failing).first(told)) {
    metrics.sample({{"code", one.code},
                    {"root_cause", one.root_cause ? "true" : "false"},
                    {"severity", severity_text(one.severity)}},
                   std::to_string(one.subjects));
  }
  metrics.family("efa_doctor_findings_left_out", "gauge",
                 "Failing checks beyond the gravest 40, which are not told.");
  metrics.sample({}, std::to_string(failing.size() - told));
}

void put_build(Metrics& metrics) {
  metrics.family("efa_doctor_build_info", "gauge", "1, with the version that looked.");
  metrics.sample({{"commit", kCommit}, {"version", kVersion}}, "1");
}

void put_counters(Metrics& metrics, const Report& report) {
  metrics.family("efa_doctor_hw_counters_total", "counter",
                 "Hardware counters of each EFA device.");
  for (const Counters& counters : report.node.rdma.facts.counters) {
    for (const auto* values : {&counters.device, &counters.port}) {
      for (const auto& [name, value] : *values) {
        metrics.sample({{"counter", name}, {"pci_address", counters.address.to_text()}},
                       std::to_string(value));
      }
    }
  }
}

std::string seconds(int64_t ms) {
  const std::string fraction = std::to_string(ms % 1000 + 1000).substr(1);
  return std::to_string(ms / 1000) + "." + fraction;
}

}  // namespace

std::string render_prometheus(const Report& report, bool with_counters) {
  Metrics metrics;
  put_build(metrics);
  put_verdict(metrics, report);
  put_funnel(metrics, report);
  put_failing(metrics, report);
  if (with_counters) put_counters(metrics, report);
  metrics.family("efa_doctor_pass_duration_seconds", "gauge", "Wall time of the newest pass.");
  metrics.sample({}, seconds(report.run.duration_ms));
  metrics.family("efa_doctor_pass_timestamp_seconds", "gauge", "Unix time of the newest pass.");
  metrics.sample({}, seconds(report.run.started_at_ms));
  return metrics.text();
}

}  // namespace efa
