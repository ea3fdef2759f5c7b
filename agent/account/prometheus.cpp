// The report of a fleet for a node exporter's textfile collector on the host that asked.

#include "agent/account/fleet_report.h"
#include "agent/report/metrics.h"
#include "probes/judging/table.h"

namespace efa {
namespace {

void put_checks(Metrics& metrics, const FleetReport& report) {
  metrics.family("efa_doctor_account_failing_instances", "gauge",
                 "Instances for which a check of the account fails.");
  for (const auto& [code, counts] : report.counts) {
    const Check* check = find_check(code);
    if (counts.failed == 0 || check == nullptr) continue;
    metrics.sample({{"code", std::string(code)}, {"severity", severity_text(check->severity)}},
                   std::to_string(counts.failed));
  }
  metrics.family("efa_doctor_account_unknown_instances", "gauge",
                 "Instances for which a check of the account could not look.");
  for (const auto& [code, counts] : report.counts) {
    if (counts.unknown == 0) continue;
    metrics.sample({{"code", std::string(code)}}, std::to_string(counts.unknown));
  }
}

}  // namespace

std::string render_fleet_prometheus(const FleetReport& report) {
  Metrics metrics;
  metrics.family("efa_doctor_account_verdict", "gauge",
                 "1 for the verdict of what AWS provides for the fleet, else 0.");
  for (const Verdict verdict : {Verdict::kHealthy, Verdict::kDegraded, Verdict::kUnhealthy,
                                Verdict::kUnknown, Verdict::kNotApplicable}) {
    metrics.sample({{"verdict", verdict_text(verdict)}}, verdict == report.verdict ? "1" : "0");
  }
  metrics.family("efa_doctor_account_instances", "gauge", "Instances that were looked at.");
  metrics.sample({}, std::to_string(report.facts.instances.size()));
  metrics.family("efa_doctor_account_asked_timestamp_seconds", "gauge",
                 "Unix time at which the account was asked.");
  metrics.sample({}, std::to_string(report.started_at_ms / 1000));
  put_checks(metrics, report);
  return metrics.text();
}

}  // namespace efa
