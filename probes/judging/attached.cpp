#include "probes/judging/attached.h"

#include <algorithm>

namespace efa {
namespace {

bool has_device(const Node& node, const CloudInterface& interface) {
  const std::vector<RdmaDevice>& devices = node.rdma.facts.devices;
  return std::any_of(devices.begin(), devices.end(),
                     [&](const RdmaDevice& device) { return device.mac == interface.mac; });
}

// Functions on PCI that may be of any interface: no device of theirs tells a MAC.
size_t functions_without_mac(const Node& node) {
  const std::vector<RdmaDevice>& devices = node.rdma.facts.devices;
  const auto known = static_cast<size_t>(
      std::count_if(devices.begin(), devices.end(), [&](const RdmaDevice& device) {
        return std::any_of(
            node.cloud.facts.interfaces.begin(), node.cloud.facts.interfaces.end(),
            [&](const CloudInterface& interface) { return device.mac == interface.mac; });
      }));
  const PciFacts& pci = node.pci.facts;
  const size_t all = pci.efa.size() + pci.amazon_unknown.size() + pci.unidentified.size();
  return all - std::min(all, known);
}

// An interface that is just being attached to a node that runs may have its function before its
// address is told (plugins for pods attach many): it is no efa-only one.
size_t ena_without_address(const Node& node) {
  const std::vector<CloudInterface>& interfaces = node.cloud.facts.interfaces;
  const auto addressed = static_cast<size_t>(
      std::count_if(interfaces.begin(), interfaces.end(), [](const CloudInterface& interface) {
        return interface.has_ipv4 || interface.has_ipv6 != false;
      }));
  const size_t functions = node.pci.facts.ena.size();
  return functions - std::min(functions, addressed);
}

}  // namespace

// One that is going away has no id either.
bool is_efa_only(const CloudInterface& interface) {
  return interface.interface_id && !interface.has_ipv4 && interface.has_ipv6 == false;
}

AttachedInterfaces attached_interfaces(const Node& node, std::optional<int> most) {
  AttachedInterfaces attached;
  const CloudFacts& cloud = node.cloud.facts;
  attached.told = cloud.metadata_status == MetadataStatus::kOk && !cloud.interfaces.empty();
  if (!attached.told) return attached;
  bool all = true;
  for (const CloudInterface& interface : cloud.interfaces) {
    if (node.left_out.macs.contains(interface.mac)) continue;
    const bool matched = has_device(node, interface);
    const bool certain = matched || is_efa_only(interface);
    all = all && certain;
    if (certain) ++attached.certain;
    if (certain && !matched) attached.unmatched.push_back(&interface);
  }
  const size_t unmatched = attached.unmatched.size();
  const size_t left_out = std::min(unmatched, node.left_out.nameless);
  attached.certain -= static_cast<int>(left_out);
  const size_t functions = left_out + functions_without_mac(node) + ena_without_address(node);
  attached.missing = unmatched - std::min(unmatched, functions);
  // each function on PCI is of an interface, also where no MAC tells of which
  const size_t on_pci = node.pci.facts.efa.size() + attached.missing;
  attached.certain = std::max(attached.certain, static_cast<int>(on_pci));
  attached.whole = all || (most && attached.certain >= *most);
  return attached;
}

}  // namespace efa
