// The report of a fleet as JSON: the contract of packaging/account.schema.json.

#include <map>

#include "agent/account/fleet_report.h"
#include "agent/account/infrastructure.h"
#include "agent/diagnose/diagnosis.h"
#include "agent/report/report.h"
#include "probes/account/fleet.h"
#include "probes/base/describe.h"
#include "probes/base/moment.h"

namespace efa {
namespace {

Value asked_value(const FleetReport& report) {
  Value value;
  value.set("fleet", report.fleet);
  value.set("at", time_text(report.started_at_ms));
  value.set("duration_ms", report.duration_ms);
  if (!report.facts.region.empty()) value.set("region", report.facts.region);
  if (report.facts.caller) value.set("caller", to_value(*report.facts.caller));
  return value;
}

Value checks_value(const FleetReport& report) {
  Array checks;
  for (const auto& [code, counts] : report.counts) {
    Value value;
    value.set("code", code);
    value.set("pass", uint64_t{counts.passed});
    value.set("fail", uint64_t{counts.failed});
    value.set("unknown", uint64_t{counts.unknown});
    value.set("not_applicable", uint64_t{counts.not_applicable});
    checks.push_back(std::move(value));
  }
  return checks;
}

Value described_value(const Finding& finding) {
  Value value;
  for (const Described& described : described_remedy({&finding})) {
    std::string text;
    for (const std::string& line : described.lines) text += (text.empty() ? "" : "\n") + line;
    value.set(described.tool, text);
  }
  return value;
}

Value finding_of_fleet(const Finding& finding) {
  Value value = finding_value(finding);
  const Value described = described_value(finding);
  if (finding.result == FindingResult::kFail && !described.is_null()) {
    value.set("described", described);
  }
  return value;
}

Value node_value(const AccountNode& node, const std::vector<Finding>& findings) {
  Value explained = Object{};
  for (const std::string& code : node.root_causes) {
    const std::string by = explained_by_account(node.instance, code, findings);
    if (!by.empty()) explained.set(code, by);
  }
  Value value;
  value.set("started_at", node.started_at);
  value.set("verdict", node.verdict);
  value.set("summary", node.summary);
  value.set("root_causes", to_value(node.root_causes));
  value.set("explained_by", std::move(explained));
  return value;
}

Value instance_value(const AccountInstance& instance, const std::vector<const Finding*>& findings) {
  const size_t efa = efa_interfaces(instance).size();
  Value value;
  value.set("id", instance.id);
  if (instance.type) value.set("type", *instance.type);
  if (instance.zone) value.set("zone", *instance.zone);
  value.set("efa_interfaces", uint64_t{efa});
  value.set("verdict", verdict_text(verdict_of(findings, efa > 0)));
  Array list;
  for (const Finding* finding : findings) list.push_back(finding_of_fleet(*finding));
  value.set("findings", std::move(list));
  return value;
}

}  // namespace

std::string render_fleet_lines(const FleetReport& report) {
  std::map<std::string_view, std::vector<Finding>> by_subject;
  for (const Finding& finding : report.findings) by_subject[finding.subject].push_back(finding);
  std::string lines;
  for (const AccountInstance& instance : report.facts.instances) {
    const std::vector<Finding>& findings = by_subject[instance.id];
    std::vector<const Finding*> pointers;
    for (const Finding& finding : findings) pointers.push_back(&finding);
    Value value = instance_value(instance, pointers);
    value.set("root_causes", to_value(root_causes_of(findings)));
    value.set("asked", asked_value(report));
    lines += render_json(value) + "\n";
  }
  return lines;
}

Value fleet_value(const FleetReport& report) {
  std::map<std::string_view, std::vector<const Finding*>> by_subject;
  for (const Finding& finding : report.findings) by_subject[finding.subject].push_back(&finding);
  std::map<std::string_view, const AccountNode*> nodes;
  for (const AccountNode& node : report.facts.nodes) nodes.emplace(node.instance, &node);
  Array instances;
  for (const AccountInstance& instance : report.facts.instances) {
    Value value = instance_value(instance, by_subject[instance.id]);
    const auto node = nodes.find(instance.id);
    if (node != nodes.end()) value.set("node", node_value(*node->second, report.findings));
    instances.push_back(std::move(value));
    by_subject.erase(instance.id);
  }
  Array others;  // of the account, of a template
  for (const auto& [subject, findings] : by_subject) {
    for (const Finding* finding : findings) others.push_back(finding_of_fleet(*finding));
  }
  Value value;
  value.set("schema", "efa-doctor.account.v1");
  value.set("agent", agent_value());
  value.set("verdict", verdict_text(report.verdict));
  value.set("exit_code", exit_code_of(report.verdict));
  value.set("summary", report.summary);
  value.set("root_causes", to_value(report.root_causes));
  value.set("asked", asked_value(report));
  value.set("sections", to_value(report.facts.sections));
  value.set("checks", checks_value(report));
  value.set("findings", std::move(others));
  value.set("instances", std::move(instances));
  return value;
}

}  // namespace efa
