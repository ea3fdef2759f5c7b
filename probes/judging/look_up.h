// What a probe saw of one device, among what it saw of all.
#pragma once

#include <string>
#include <vector>

#include "probes/protocol/own_process.h"
#include "probes/protocol/pci_address.h"

namespace efa {

// The one of that PCI address; null when there is none.
template <class Device>
const Device* find_device(const std::vector<Device>& devices, const PciAddress& address) {
  for (const Device& device : devices) {
    if (device.address == address) return &device;
  }
  return nullptr;
}

// How asking that subject ended; null when it was not asked.
inline const Asked* find_asked(const std::vector<Asked>& all, const std::string& subject) {
  for (const Asked& asked : all) {
    if (asked.subject == subject) return &asked;
  }
  return nullptr;
}

}  // namespace efa
