// Files of sysfs about a PCI function. Pure.
// Interface: Documentation/ABI/testing/sysfs-bus-pci, sysfs-bus-pci-devices-aer_stats.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace efa {

// The numbers of a function's files; 0: could not be read.
struct PciIdentity {
  uint32_t vendor = 0;
  uint32_t device = 0;
  uint32_t class_code = 0;  // 24 bits: class, subclass, programming interface
};

enum class PciKind {
  kUnidentified,  // it may be an EFA
  kEfa,
  kEna,
  kGpu,
  kNeuron,
  kAmazonEthernet,  // neither EFA nor ENA
  kOther
};

PciKind kind_of(const PciIdentity& identity);

// "../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0" -> "0000:00:01.0"; nothing on a root bus
std::optional<std::string> parse_bridge(std::string_view target);
// Of "resource", "0x00000000fe000000 0x00000000fe003fff 0x0000000000040200" a line, the sizes of
// the first six, which are the BARs; 0: not assigned (the kernel then leaves the start 0). Ends at
// the first line of another shape.
std::vector<uint64_t> parse_bar_sizes(std::string_view resource);
// Of "aer_dev_correctable", "RxErr 0\n...\nTOTAL_ERR_COR 3", the total
std::optional<uint64_t> parse_aer_total(std::string_view text);
// "16.0 GT/s PCIe", "Unknown": what the kernel writes of a link's speed
bool is_link_speed(std::string_view text);
// "-1" is none
std::optional<int> parse_numa_node(std::string_view text);
// "(null)" is "", that none is asked for
std::string parse_driver_override(std::string_view text);

}  // namespace efa
