// What the nodes' own reports tell of the instances of a fleet. Contract:
// packaging/report.schema.json.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace efa {

// What the newest report of a node says.
struct AccountNode {
  std::string instance;
  std::string started_at;  // of the pass: RFC 3339
  std::string verdict;
  std::string summary;
  std::vector<std::string> root_causes;  // codes
  std::vector<std::string> macs;         // of its EFA devices
  size_t functions_without_mac = 0;      // EFA functions on PCI whose MAC nobody told
  bool saw_pci = false;                  // all functions on PCI were looked at
};

template <class Io>
void describe(Io& io, AccountNode& node) {
  io("instance", node.instance);
  io("started_at", node.started_at);
  io("verdict", node.verdict);
  io("summary", node.summary);
  io("root_causes", node.root_causes);
  io("macs", node.macs);
  io("functions_without_mac", node.functions_without_mac);
  io("saw_pci", node.saw_pci);
}

}  // namespace efa
