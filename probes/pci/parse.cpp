#include "probes/pci/parse.h"

#include "probes/base/text.h"
#include "probes/protocol/efa_functions.h"
#include "probes/protocol/pci_address.h"

namespace efa {
namespace {

// ena_pci_id_tbl.h of amzn-drivers
bool is_ena(const PciIdentity& id) {
  return id.vendor == kAmazonVendor &&
         (id.device == 0x0ec2 || id.device == 0x1ec2 || id.device == 0xec20 ||
          id.device == 0xec21 || id.device == 0x0051);
}

}  // namespace

PciKind kind_of(const PciIdentity& id) {
  const uint32_t class_and_subclass = id.class_code >> 8U;
  if (id.vendor == 0 || (id.vendor == kAmazonVendor && id.device == 0)) {
    return PciKind::kUnidentified;
  }
  if (is_efa_id(id.vendor, id.device)) return PciKind::kEfa;
  if (is_ena(id)) return PciKind::kEna;
  if (is_gpu_id(id.vendor, class_and_subclass)) return PciKind::kGpu;
  if (is_neuron_id(id.vendor, class_and_subclass)) return PciKind::kNeuron;
  const bool ethernet = class_and_subclass == 0x0200;
  return id.vendor == kAmazonVendor && ethernet ? PciKind::kAmazonEthernet : PciKind::kOther;
}

std::optional<std::string> parse_bridge(std::string_view target) {
  const std::vector<std::string> parts = split(target, '/');
  if (parts.size() < 2) return std::nullopt;
  const std::string& above = parts[parts.size() - 2];
  return PciAddress::from_text(above) ? std::optional(above) : std::nullopt;
}

std::vector<uint64_t> parse_bar_sizes(std::string_view resource) {
  std::vector<uint64_t> sizes;
  for (const std::string& line : split(resource, '\n')) {
    const std::vector<std::string> fields = words(line);
    if (fields.size() != 3 || sizes.size() == 6) break;
    const auto start = parse_number<uint64_t>(fields[0], 16);
    const auto end = parse_number<uint64_t>(fields[1], 16);
    const bool assigned = start && end && *start > 0 && *end > *start;
    sizes.push_back(assigned ? *end - *start + 1 : 0);
  }
  return sizes;
}

std::optional<uint64_t> parse_aer_total(std::string_view text) {
  std::optional<uint64_t> total;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> fields = words(line);
    if (fields.size() != 2 || !fields[0].starts_with("TOTAL_")) continue;
    if (const auto count = parse_number<uint64_t>(fields[1])) total = count;
  }
  return total;
}

bool is_link_speed(std::string_view text) {
  return text.starts_with("Unknown") || (!text.empty() && is_digit(text.front()));
}

std::optional<int> parse_numa_node(std::string_view text) {
  const auto node = parse_number<int>(text);
  return node && *node >= 0 ? node : std::nullopt;
}

std::string parse_driver_override(std::string_view text) {
  return text == "(null)" ? std::string() : std::string(text);
}

}  // namespace efa
