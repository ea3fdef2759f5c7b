// Lines that give EFA functions to vfio-pci, for a virtual machine or DPDK, at each boot.
// Interface: the parameter ids of vfio-pci (drivers/vfio/pci/vfio_pci.c of the kernel: vendor,
// device and what narrows them, in hexadecimal), modprobe.d(5).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace efa {

// Of a line of modprobe.d what matters, "..." for what else it sets:
//   "options vfio-pci ids=1d0f:efa0,10de:2330 disable_vga=1" ->
//   "options vfio-pci ids=1d0f:efa0,10de:2330 ..."
//   "softdep efa pre: vfio-pci" -> the same: vfio-pci comes first
// nothing of a line that gives no EFA function away
std::optional<std::string> parse_vfio_line(std::string_view line);
// "ro vfio-pci.ids=1d0f:efa0 quiet" -> {"vfio-pci.ids=1d0f:efa0"}
std::vector<std::string> parse_vfio_arguments(std::string_view command_line);

// Of what these give: whether it names that device id of Amazon's, "0xefa0".
bool gives_to_vfio(std::string_view line, std::string_view device);
// Whether it names ids, and none but of EFA functions.
bool gives_only_efa_to_vfio(std::string_view line);

}  // namespace efa
