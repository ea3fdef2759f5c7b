// make-node DESCRIPTION.json DIRECTORY [--devices N]: a synthetic machine for efa-doctor --sysroot.

#include <cstdio>
#include <string_view>

#include "probes/base/text.h"
#include "tests/support/synthetic_node.h"

int main(int argc, char** argv) {
  const bool counted = argc == 5 && std::string_view(argv[3]) == "--devices";
  const auto devices = counted ? efa::parse_number<size_t>(argv[4]) : std::nullopt;
  if ((argc != 3 && !counted) || (counted && !devices)) {
    std::fprintf(stderr, "usage: make-node DESCRIPTION.json DIRECTORY [--devices N]\n");
    return 64;
  }
  efa::Result<efa::SyntheticNode> node = efa::read_synthetic_node(argv[1]);
  if (!node) {
    std::fprintf(stderr, "%s\n", efa::message_of(node.error()).c_str());
    return 64;
  }
  if (devices) efa::set_efa_count(*node, *devices);
  efa::write_node(*node, efa::Tree(argv[2]));
  return 0;
}
