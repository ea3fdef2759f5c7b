// driver.wrong-driver of a function that this node's configuration gives to vfio-pci.
#pragma once

#include <string>
#include <vector>

#include "probes/pci/facts.h"

namespace efa {

// Of the node's lines "/etc/modprobe.d/vfio.conf: options vfio-pci ids=1d0f:efa0", "/proc/cmdline:
// ..." those that give this function away at boot.
std::vector<std::string> lines_that_give_away(const std::vector<std::string>& all,
                                              const PciFunction& function);
// Makes comments of them; "" unless all are lines of files that do nothing else.
std::string comment_out_command(const std::vector<std::string>& lines);

}  // namespace efa
