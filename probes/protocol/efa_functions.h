// Which PCI functions are EFA: vendor 0x1d0f and a device id 0xefaX (efa_pci_tbl of efa_main.c).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/protocol/pci_address.h"
#include "probes/protocol/sysroot.h"

namespace efa {

constexpr uint32_t kAmazonVendor = 0x1d0f;

constexpr bool is_efa_id(uint32_t vendor, uint32_t device) {
  return vendor == kAmazonVendor && (device & ~0xfU) == 0xefa0;
}

// NVIDIA or AMD; display controllers and processing accelerators (class 03xx, 12xx).
constexpr bool is_gpu_id(uint32_t vendor, uint32_t class_and_subclass) {
  const uint32_t base = class_and_subclass >> 8U;
  return (vendor == 0x10de || vendor == 0x1002) && (base == 0x03 || base == 0x12);
}

constexpr bool is_neuron_id(uint32_t vendor, uint32_t class_and_subclass) {
  return vendor == kAmazonVendor &&
         (class_and_subclass >> 8U == 0x12 || class_and_subclass == 0x0880);
}

// The PCI function behind /sys/class/<class>/<name>; nothing for one that sits on no PCI bus.
std::optional<PciAddress> pci_function_behind(const Sysroot& root, const std::string& class_entry);

// "vendor", "device" or "class" of a function; 0 when it cannot be read.
uint32_t read_pci_id(const Sysroot& root, const PciAddress& address, const char* which);
// kUnidentified when what it is could not be read: it may be EFA.
enum class FunctionKind { kEfa, kOther, kUnidentified };
FunctionKind function_kind(const Sysroot& root, const PciAddress& address);
bool is_efa_function(const Sysroot& root, const PciAddress& address);
std::vector<PciAddress> efa_functions(const Sysroot& root);
// The directories of uverbs devices in sysfs: of their class or, where that is not shown, as in
// some containers, below the EFA functions. kNotFound: there is neither.
Result<std::vector<std::string>> uverbs_directories(const Sysroot& root);

}  // namespace efa
