// Which PCI functions are EFA: vendor 0x1d0f and a device id 0xefaX (efa_pci_tbl of efa_main.c).
#pragma once

#include <cstdint>
#include <vector>

#include "probes/protocol/pci_address.h"
#include "probes/protocol/sysroot.h"

namespace efa {

constexpr uint32_t kAmazonVendor = 0x1d0f;

constexpr bool is_efa_id(uint32_t vendor, uint32_t device) {
  return vendor == kAmazonVendor && (device & 0xfff0U) == 0xefa0;
}

// "vendor", "device" or "class" of a function; 0 when it cannot be read.
uint32_t read_pci_id(const Sysroot& root, const PciAddress& address, const char* which);
bool is_efa_function(const Sysroot& root, const PciAddress& address);
std::vector<PciAddress> efa_functions(const Sysroot& root);

}  // namespace efa
