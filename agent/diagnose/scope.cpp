#include "agent/diagnose/scope.h"

#include <algorithm>

#include "probes/judging/kept_back.h"
#include "probes/limits/control_group.h"

namespace efa {
namespace {

// A virtual machine's (vfio-pci), DPDK's.
std::set<PciAddress> held_by_others(const PciFacts& facts) {
  std::set<PciAddress> held;
  for (const PciFunction& function : facts.efa) {
    if (function.driver && function.driver != "efa") held.insert(function.address);
  }
  return held;
}

// Where none is expected, also those that no driver drives: nobody wants them driven.
std::set<PciAddress> given_away(const PciFacts& facts, const ExpectSetting& setting) {
  std::set<PciAddress> held = held_by_others(facts);
  for (const PciFunction& function : facts.efa) {
    const bool idle = !function.driver && function.driver.unreadable() == nullptr;
    if (setting.exactly == 0 && idle) held.insert(function.address);
  }
  const auto others = static_cast<int>(facts.efa.size() - held.size());
  return setting.exactly && others >= *setting.exactly ? held : std::set<PciAddress>();
}

// Its control group may name a device whose node is missing all the same.
bool was_given(const RdmaDevice& device, const LimitsFacts& facts) {
  if (!device.uverbs || device.uverbs->present) return true;  // as far as is known
  if (facts.has_hosts_dev == true) return true;
  return facts.cgroup_devices && device.uverbs->number_expected &&
         allows_character_device(*facts.cgroup_devices, *device.uverbs->number_expected);
}

std::set<PciAddress> not_given(const Node& node) {
  if (!is_confined(node.limits.facts)) return {};
  std::set<PciAddress> devices;
  const RdmaFacts& rdma = node.rdma.facts;
  for (const PciAddress& address : rdma.elsewhere) {
    const bool given = !is_elsewhere(node, address) || is_perhaps_kept_back(node, address);
    if (!given) devices.insert(address);
  }
  for (const RdmaDevice& device : rdma.devices) {
    if (!was_given(device, node.limits.facts)) devices.insert(device.address);
  }
  return devices;
}

template <class Items>
void erase_devices(Items& items, const std::set<PciAddress>& devices) {
  std::erase_if(items, [&](const auto& item) { return devices.contains(item.address); });
}

// Of those that name their device by a text.
template <class Items, class Subject>
void erase_subjects(Items& items, const std::set<PciAddress>& devices, const Subject& subject_of) {
  std::erase_if(items, [&](const auto& item) {
    const auto address = PciAddress::from_text(subject_of(item));
    return address && devices.contains(*address);
  });
}

// Before they are erased: which of the interfaces that AWS lists are theirs.
LeftOut interfaces_of(const std::set<PciAddress>& devices, const Node& node) {
  LeftOut left_out;
  std::set<PciAddress> named;
  for (const RdmaDevice& device : node.rdma.facts.devices) {
    if (!devices.contains(device.address) || !device.mac) continue;
    left_out.macs.insert(*device.mac);
    named.insert(device.address);
  }
  for (const PciFunction& function : node.pci.facts.efa) {
    const bool nameless = devices.contains(function.address) && !named.contains(function.address);
    left_out.nameless += nameless ? 1 : 0;
  }
  return left_out;
}

void erase_messages(LogFacts& log, const std::vector<RdmaDevice>& rdma,
                    const std::set<PciAddress>& devices) {
  std::set<std::string> names;
  for (const RdmaDevice& device : rdma) {
    if (devices.contains(device.address)) names.insert(device.name);
  }
  std::erase_if(log.messages, [&](const LogMessage& message) {
    return (message.address && devices.contains(*message.address)) ||
           (message.device && names.contains(*message.device));
  });
  std::erase_if(log.functions, [&](const PciAddress& one) { return devices.contains(one); });
}

}  // namespace

Scope scope_of(const Node& node, const std::set<PciAddress>& set_aside,
               const ExpectSetting& setting) {
  Scope scope;
  scope.left_out = set_aside;
  scope.left_out.merge(given_away(node.pci.facts, setting));
  for (const PciFunction& function : node.pci.facts.efa) {
    if (scope.left_out.contains(function.address)) scope.set_aside.insert(function.address);
  }
  const std::set<PciAddress> absent = not_given(node);
  if (absent.empty()) return scope;
  const auto of = static_cast<int>(node.pci.facts.efa.size());
  scope.given =
      Given{*node.limits.facts.container, std::max(of - static_cast<int>(absent.size()), 0), of};
  scope.left_out.insert(absent.begin(), absent.end());
  return scope;
}

void leave_out(const std::set<PciAddress>& devices, Node& node, Past& past) {
  const auto asked = [](const Asked& one) { return one.subject; };
  const auto text = [](const std::string& one) { return one; };
  erase_messages(node.log.facts, node.rdma.facts.devices, devices);
  node.left_out = interfaces_of(devices, node);
  erase_devices(node.pci.facts.efa, devices);
  erase_devices(node.rdma.facts.devices, devices);
  erase_devices(node.rdma.facts.counters, devices);
  erase_subjects(node.rdma.facts.asked, devices, asked);
  erase_devices(node.verbs.facts.devices, devices);
  erase_subjects(node.verbs.facts.asked, devices, asked);
  if (node.verbs.facts.listed) erase_subjects(*node.verbs.facts.listed, devices, text);
  if (node.data) {
    DataFacts& data = node.data->facts;
    erase_devices(data.devices, devices);
    erase_devices(data.counters, devices);
    erase_subjects(data.asked, devices, asked);
    std::erase_if(data.ring, [&](const DataEdge& edge) {
      return devices.contains(edge.from) || devices.contains(edge.to);
    });
  }
  erase_devices(node.topology.facts.efa, devices);
  erase_devices(node.gpu.facts.efa, devices);
  erase_devices(past.baselines, devices);
  erase_devices(past.pci_errors, devices);
  for (const PciAddress& device : devices) past.devices.erase(device);
}

}  // namespace efa
