// The EFA devices of a node by what the library calls them, and which processes use them.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "probes/protocol/open_files.h"
#include "probes/protocol/pci_address.h"
#include "probes/protocol/sysroot.h"

namespace efa {

// Of the RDMA devices of those names.
std::map<PciAddress, std::string> efa_devices(const Sysroot& root,
                                              const std::vector<std::string>& listed);

struct Holders {
  std::map<PciAddress, std::vector<int>> of;
  bool all_seen = false;
  bool cut = false;  // there was more than could be looked at in time
  std::optional<int> unreadable;
};

// Who else holds one of `nodes`: the agent, and what is installed beside this process, open devices
// too, and one that the driver holds is one of theirs.
Holders find_holders(const Sysroot& root, const std::map<std::string, PciAddress>& nodes,
                     std::chrono::steady_clock::time_point deadline);

}  // namespace efa
