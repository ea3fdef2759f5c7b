#include "tests/reports/public_report.h"

#include <algorithm>

namespace efa {

PublicReports public_reports() {
  PublicReports all;
  for (const auto& reports :
       {reports_of_attachment(), reports_of_drivers(), reports_of_gpus(), reports_of_jobs()}) {
    all.insert(all.end(), reports.begin(), reports.end());
  }
  std::sort(all.begin(), all.end(), [](const PublicReport& one, const PublicReport& other) {
    return one.number < other.number;
  });
  return all;
}

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

}  // namespace efa
