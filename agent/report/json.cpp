// The report as a JSON value: the contract of packaging/report.schema.json.

#include <algorithm>

#include "agent/config/version.h"
#include "agent/report/configured.h"
#include "agent/report/fit.h"
#include "agent/report/report.h"
#include "probes/base/bounds.h"
#include "probes/base/describe.h"
#include "probes/base/moment.h"
#include "probes/judging/look_up.h"
#include "probes/judging/remedy.h"
#include "probes/judging/table.h"

namespace efa {
namespace {

void set_unless_empty(Value& object, const char* key, std::string_view text) {
  if (!text.empty()) object.set(key, text);
}

void set_if(Value& object, const char* key, const std::optional<std::string>& text) {
  if (text && !text->empty()) object.set(key, *text);
}

Value node_value(const Node& node) {
  Value value = Object{};
  const CloudFacts& cloud = node.cloud.facts;
  set_if(value, "hostname", node.kernel.facts.hostname);
  set_if(value, "instance_id", cloud.instance_id);
  set_if(value, "instance_type", cloud.instance_type);
  set_if(value, "region", cloud.region);
  set_if(value, "availability_zone", cloud.availability_zone);
  set_if(value, "availability_zone_id", cloud.availability_zone_id);
  set_if(value, "placement_group", cloud.placement_group);
  set_if(value, "boot_id", node.kernel.facts.boot_id);
  set_if(value, "kernel", node.kernel.facts.release);
  set_if(value, "os", node.kernel.facts.os);
  return value;
}

Value run_value(const RunInfo& run, const Diagnosis& diagnosis) {
  Value self;
  self.set("max_rss_kib", run.max_rss_kib);
  self.set("cpu_ms", run.cpu_ms);
  Value value;
  value.set("trigger", word_of(run.trigger));
  value.set("sequence", run.sequence);
  value.set("started_at", time_text(run.started_at_ms));
  value.set("duration_ms", run.duration_ms);
  value.set("valid_until", time_text(run.started_at_ms + run.valid_for_ms));
  value.set("starting", diagnosis.starting);
  value.set("recovering", diagnosis.recovering);
  value.set("self", std::move(self));
  return value;
}

Value funnel_value(const std::vector<FunnelStage>& funnel) {
  Array stages;
  for (const FunnelStage& stage : funnel) {
    Value value;
    value.set("stage", rung_text(stage.rung));
    value.set("count", stage.count ? Value(*stage.count) : Value(nullptr));
    if (stage.at_least) value.set("at_least", true);
    value.set("lost", to_value(stage.lost));
    stages.push_back(std::move(value));
  }
  return stages;
}

// What each rung saw of a device, side by side.
Value device_value(const Node& node, const PciFunction& function) {
  Value value;
  value.set("pci_address", function.address.to_text());
  value.set("pci", to_value(function));
  const auto put = [&](const char* key, const auto& devices) {
    const auto* device = find_device(devices, function.address);
    if (device != nullptr) value.set(key, to_value(*device));
  };
  put("rdma", node.rdma.facts.devices);
  put("counters", node.rdma.facts.counters);
  put("verbs", node.verbs.facts.devices);
  if (node.data) put("data", node.data->facts.devices);
  put("topology", node.topology.facts.efa);
  return value;
}

Value probes_value(const Node& node) {
  Array probes;
  for (const ProbeOutcome* outcome : outcomes_of(node)) {
    Value value;
    value.set("name", outcome->name);
    value.set("status", status_text(outcome->status));
    value.set("duration_ms", outcome->duration_ms);
    set_unless_empty(value, "detail", outcome->detail);
    const bool ok = outcome->status == ProbeStatus::kOk;
    if (!ok) set_unless_empty(value, "step", outcome->step);
    if (!ok) set_unless_empty(value, "subject", outcome->subject);
    set_unless_empty(value, "stderr", outcome->stderr_tail);
    if (outcome->spent) value.set("spent", to_value(*outcome->spent));
    probes.push_back(std::move(value));
  }
  return probes;
}

}  // namespace

Value agent_value() {
  Value agent;
  agent.set("version", kVersion);
  agent.set("commit", kCommit);
  return agent;
}

Value finding_value(const Finding& finding) {
  Value evidence = Object{};
  set_unless_empty(evidence, "observed", finding.evidence.observed);
  set_unless_empty(evidence, "expected", finding.evidence.expected);
  set_unless_empty(evidence, "source", finding.evidence.source);
  Value value;
  value.set("code", finding.check->code);
  value.set("result", result_text(finding.result));
  value.set("severity", severity_text(finding.check->severity));
  value.set("subject", finding.subject);
  value.set("message", finding.message);
  value.set("evidence", std::move(evidence));
  set_unless_empty(value, "explained_by", finding.explained_by);
  set_unless_empty(value, "configured", finding.configured);
  if (finding.since_ms) {
    value.set("since", time_text(*finding.since_ms));
    value.set("times", finding.times);
  }
  if (finding.result == FindingResult::kFail) {
    Value remedy;
    remedy.set("actor", actor_text(finding.check->actor));
    remedy.set("text", finding.remedy_text());
    set_unless_empty(remedy, "command", command_of(finding));
    if (finding.drain_first) remedy.set("drain_first", true);
    value.set("remedy", std::move(remedy));
  }
  return value;
}

Value report_value(const Report& report) {
  Array findings;
  for (const Finding& finding : report.diagnosis.findings) {
    findings.push_back(finding_value(finding));
  }
  Array devices;
  for (const PciFunction& function : report.node.pci.facts.efa) {
    devices.push_back(device_value(report.node, function));
  }
  Value value;
  value.set("schema", "efa-doctor.report.v1");
  value.set("agent", agent_value());
  value.set("node", node_value(report.node));
  value.set("run", run_value(report.run, report.diagnosis));
  value.set("verdict", verdict_text(report.diagnosis.verdict));
  value.set("summary", report.diagnosis.summary);
  value.set("root_causes", to_value(report.diagnosis.root_causes));
  value.set("funnel", funnel_value(report.diagnosis.funnel));
  value.set("findings", std::move(findings));
  Value configured = configured_value(report.diagnosis.expectation);
  if (!configured.is_null()) value.set("configured", std::move(configured));
  value.set("devices", std::move(devices));
  value.set("probes", probes_value(report.node));
  value.set("facts", report.facts);
  fit(value);
  return value;
}

namespace {

// As grave as the gravest that it explains.
Severity gravity_of(const Diagnosis& diagnosis, const std::string& code, Severity own) {
  for (const Finding& finding : diagnosis.findings) {
    const bool explained = finding.result == FindingResult::kFail && finding.explained_by == code;
    if (explained) own = std::min(own, finding.check->severity);
  }
  return own;
}

// As it is weighed on this node; one that only history still has is as the catalogue says. Of a
// site's own nothing is known then.
const Check* check_of(const Diagnosis& diagnosis, const std::string& code) {
  for (const Finding& finding : diagnosis.findings) {
    const bool fails = finding.result == FindingResult::kFail && finding.explained_by.empty();
    if (fails && finding.check->code == code) return finding.check.get();
  }
  return find_check(code);
}

// Who removes each, so that a scheduler keeps jobs off for some causes only.
Value causes_value(const Diagnosis& diagnosis, const std::vector<std::string>& codes) {
  Array causes;
  for (const std::string& code : codes) {
    const Check* check = check_of(diagnosis, code);
    if (check == nullptr) continue;
    Value cause;
    cause.set("code", code);
    cause.set("severity", severity_text(gravity_of(diagnosis, code, check->severity)));
    cause.set("actor", actor_text(check->actor));
    causes.push_back(std::move(cause));
  }
  return causes;
}

// How many are expected, and how many reach every rung that was measured.
Value devices_at_work(const Report& report) {
  std::optional<int> expected;
  std::optional<int> working;
  for (const FunnelStage& stage : report.diagnosis.funnel) {
    if (!stage.count) continue;
    if (stage.rung == Rung::kExpected) expected = stage.count;
    if (!stage.at_least) working = std::min(working.value_or(*stage.count), *stage.count);
  }
  if (!expected || !working) return Value(nullptr);
  Value devices;
  devices.set("expected", *expected);
  devices.set("working", *working);
  if (report.moved) devices.set("moved_data", *report.moved);
  return devices;
}

}  // namespace

// The health file stays small, so that whoever reads it can: 256 KiB for `status`.
Value health_value(const Report& report, const std::string& report_path) {
  constexpr size_t kMaxCauses = 100;
  std::vector<std::string> causes = report.diagnosis.root_causes;
  const size_t left_out = causes.size() - std::min(causes.size(), kMaxCauses);
  causes.resize(causes.size() - left_out);
  Value value;
  value.set("verdict", verdict_text(report.diagnosis.verdict));
  value.set("exit_code", exit_code_of(report.diagnosis.verdict));
  value.set("summary", cut(report.diagnosis.summary, kMaxWords * 2));
  value.set("root_causes", to_value(causes));
  if (left_out > 0) value.set("root_causes_left_out", static_cast<int64_t>(left_out));
  value.set("causes", causes_value(report.diagnosis, causes));
  const Value devices = devices_at_work(report);
  if (!devices.is_null()) value.set("devices", devices);
  value.set("generated_at", time_text(report.run.started_at_ms));
  value.set("valid_until", time_text(report.run.started_at_ms + report.run.valid_for_ms));
  if (report.run.boottime_ms) {  // how old it is, whatever the wall clock was set to since
    value.set("generated_boottime_ms", *report.run.boottime_ms);
    value.set("valid_until_boottime_ms", *report.run.boottime_ms + report.run.valid_for_ms);
  }
  value.set("boot_id", cut(report.node.kernel.facts.boot_id.value_or(""), kMaxSubject));
  value.set("sequence", report.run.sequence);
  value.set("starting", report.diagnosis.starting);
  value.set("recovering", report.diagnosis.recovering);
  value.set("report", report_path);
  value.set("problems", Array{});  // until it is delivered
  return value;
}

}  // namespace efa
