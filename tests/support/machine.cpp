#include "tests/support/machine.h"

#include "agent/report/report.h"

namespace efa {

std::function<Value()> machine(const char* like, const Shape& shape, const Files& files) {
  return [=] {
    SyntheticNode node = synthetic_node(like);
    shape(node);
    const TemporaryDirectory directory;
    const Tree tree(directory.path());
    write_node(node, tree);
    if (files) files(tree);
    const AgentRun run = look_at_sysroot(directory.path(), node.arguments);
    return parse_json(run.out, "report").value_or(Value(Object{}));
  };
}

void as_it_is(SyntheticNode& /*node*/) {}

void unbind(SyntheticNode& node) {
  for (SyntheticFunction& function : node.functions) {
    if (function.is_efa()) function.held_by = "";
  }
}

void attach(SyntheticNode& node, const std::string& at, const char* id, const char* class_code) {
  SyntheticFunction function;
  function.at = at;
  function.id = id;
  function.class_code = class_code;
  node.functions.push_back(function);
}

void log_lines(const Tree& tree, const std::string& lines) {
  tree.file("/dev/kmsg", lines);
}

std::function<Value()> live_machine(const std::function<void(Scene&)>& change) {
  return [=] {
    Scene scene = healthy_scene();
    change(scene);
    Report report;
    report.node = scene.node;
    report.diagnosis = diagnose(scene);
    return report_value(report);
  };
}

Said said_of(const Value& report) {
  Said said;
  said.verdict = report.text("verdict");
  said.words = report.text("summary") + "\n";
  for (const std::string& cause : root_causes_of(report)) said.causes.insert(cause);
  const Value* findings = report.find("findings");
  for (const Value& finding : findings == nullptr ? Array{} : *findings->as<Array>()) {
    if (finding.text("result") != "fail") continue;
    said.words += render_json(finding) + "\n";
    if (!finding.text("explained_by").empty()) continue;
    const Value* remedy = finding.find("remedy");
    said.faults.emplace(finding.text("code"), finding.text("severity"), remedy->text("actor"));
    said.advice += render_json(finding) + "\n";
  }
  return said;
}

}  // namespace efa
