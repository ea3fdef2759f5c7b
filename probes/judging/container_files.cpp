#include "probes/judging/container_files.h"

namespace efa {

bool has_files_of_container(const Node& node) {
  const LimitsFacts& limits = node.limits.facts;
  return limits.container && limits.from_container != true;
}

std::vector<std::string> lines_of_node(const Node& node, std::vector<std::string> lines) {
  if (!has_files_of_container(node)) return lines;
  std::erase_if(lines,
                [](const std::string& line) { return !line.starts_with("/proc/cmdline: "); });
  return lines;
}

}  // namespace efa
