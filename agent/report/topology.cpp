#include "agent/report/topology.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "probes/base/text.h"
#include "probes/judging/look_up.h"
#include "probes/pci/link.h"

namespace efa {
namespace {

// A device and where it hangs.
struct Placed {
  DrawnDevice device;
  std::optional<int> numa;
  std::string place;       // "switch 0000:45:00.0"
  bool tells_numa = true;  // which NUMA node is its own, where it is drawn below another
};

void mark(DrawnDevice& device, const std::string& how) {
  device.unlike += (device.unlike.empty() ? "" : "; ") + how;
}

void tell(DrawnDevice& device, const std::string& word) {
  device.words += (device.words.empty() ? "" : ", ") + word;
}

// Of "pci0000:44/0000:44:00.0/0000:45:00.0/0000:46:01.0/0000:4f:00.0" the port of the switch that
// the siblings share, 0000:45:00.0; of "pci0000:10/0000:10:1b.0" the root bus.
std::string place_of(const std::optional<std::string>& path) {
  if (!path) return "";
  std::vector<std::string> parts = split(*path, '/');
  constexpr size_t kDeviceAndItsPort = 2;
  if (parts.size() > kDeviceAndItsPort + 1) {
    return "switch " + parts[parts.size() - kDeviceAndItsPort - 1];
  }
  constexpr std::string_view kRoot = "pci";
  const std::string& root = parts.front();
  return root.starts_with(kRoot) ? "root bus " + root.substr(kRoot.size()) : "";
}

std::string link_of(const PciFunction& function) {
  if (!function.link || !function.link->width || !tells_link(function)) return "";
  return fmt::format("{} x{}", function.link->speed, *function.link->width);
}

Placed place_efa(const Node& node, const PciFunction& function) {
  Placed placed;
  placed.device = {"EFA", function.address.to_text(), "", ""};
  const auto* seen = find_device(node.topology.facts.efa, function.address);
  std::vector<std::string> words;
  if (seen != nullptr && !seen->name.empty()) words.push_back(seen->name);
  if (!link_of(function).empty()) words.push_back(link_of(function));
  if (!function.driver.has_value() && function.driver.unreadable() == nullptr) {
    placed.device.unlike = "no driver";
  }
  placed.device.words = join(words, ", ");
  if (function.numa_node) placed.numa = *function.numa_node;
  placed.tells_numa = function.numa_node.unreadable() == nullptr;
  const Accelerator* known = find_device(node.gpu.facts.efa, function.address);
  placed.place = place_of(known == nullptr ? std::nullopt : known->path);
  return placed;
}

Placed place_accelerator(const Accelerator& accelerator, const char* kind) {
  Placed placed;
  placed.device = {kind, accelerator.address.to_text(), "", ""};
  placed.device.words = accelerator.driver.has_value() ? *accelerator.driver : "";
  placed.numa = accelerator.numa_node;
  placed.place = place_of(accelerator.path);
  return placed;
}

// The word that most have; "" when it is not of more than half of them.
std::string usual_of(const std::map<std::string, size_t>& counts, size_t all) {
  for (const auto& [word, count] : counts) {
    if (count * 2 > all) return word;
  }
  return "";
}

// "link 16.0 GT/s PCIe x4, not 16.0 GT/s PCIe x8"
void mark_what_differs(std::vector<Placed>& efa, const char* what,
                       const std::vector<std::string>& values) {
  std::map<std::string, size_t> counts;
  for (const std::string& value : values) ++counts[value];
  const std::string usual = usual_of(counts, values.size());
  if (usual.empty()) return;
  for (size_t i = 0; i < efa.size(); ++i) {
    if (values[i] == usual) continue;
    mark(efa[i].device,
         fmt::format("{} {}, not {}", what, values[i].empty() ? "none" : values[i], usual));
  }
}

std::string numa_name(const std::optional<int>& numa) {
  return numa ? fmt::format("NUMA node {}", *numa) : "no NUMA node";
}

// Which driver is right is known: another is told even where most have it.
void mark_drivers(const std::vector<PciFunction>& functions, std::vector<Placed>& efa) {
  const std::string right = "efa";
  const bool any = std::any_of(functions.begin(), functions.end(),
                               [&](const PciFunction& one) { return one.driver == right; });
  for (size_t i = 0; i < efa.size(); ++i) {
    const Reading<std::string>& driver = functions[i].driver;
    if (!driver || driver == right) continue;
    if (any) {
      mark(efa[i].device, fmt::format("driver {}, not {}", *driver, right));
    } else {
      tell(efa[i].device, *driver);
    }
  }
}

void mark_without_numa(std::vector<Placed>& efa) {
  const auto with =
      std::count_if(efa.begin(), efa.end(), [](const Placed& one) { return one.numa.has_value(); });
  if (static_cast<size_t>(with) * 2 <= efa.size()) return;
  for (Placed& placed : efa) {
    if (placed.numa || !placed.tells_numa) continue;
    mark(placed.device, "no NUMA node, its siblings have one");
    placed.tells_numa = false;
  }
}

void mark_devices(const Node& node, std::vector<Placed>& efa) {
  std::vector<std::string> links;
  std::vector<std::string> bars;
  for (const PciFunction& function : node.pci.facts.efa) {
    links.push_back(link_of(function));
    std::vector<std::string> sizes;
    for (const uint64_t bytes : function.bar_sizes) sizes.push_back(std::to_string(bytes >> 10));
    bars.push_back(sizes.empty() ? "" : join(sizes, "/") + " KiB");
  }
  mark_drivers(node.pci.facts.efa, efa);
  mark_what_differs(efa, "link", links);
  mark_what_differs(efa, "BARs", bars);
  mark_without_numa(efa);
}

std::string some(size_t count, const std::string& word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

// "4 EFA, 1 GPU": what hangs on it.
std::string contents_of(const DrawnSwitch& one) {
  std::map<std::string, size_t> kinds;
  for (const DrawnDevice& device : one.devices) ++kinds[device.kind];
  std::vector<std::string> words;
  for (const auto& [kind, count] : kinds) words.push_back(fmt::format("{} {}", count, kind));
  return join(words, ", ");
}

void mark_switches(std::vector<DrawnNuma>& all) {
  std::map<std::string, size_t> counts;
  size_t switches = 0;
  for (const DrawnNuma& numa : all) {
    for (const DrawnSwitch& one : numa.switches) {
      if (one.name.empty()) continue;
      ++counts[contents_of(one)];
      ++switches;
    }
  }
  const std::string usual = usual_of(counts, switches);
  for (DrawnNuma& numa : all) {
    for (DrawnSwitch& one : numa.switches) {
      const std::string contents = contents_of(one);
      if (usual.empty() || one.name.empty() || contents == usual) continue;
      one.unlike = fmt::format("{}, not {}", contents, usual);
    }
  }
}

// Of the devices of each place the NUMA node that most have.
std::map<std::string, int> numa_of_places(const std::vector<Placed>& devices) {
  std::map<std::string, std::map<int, size_t>> counts;
  for (const Placed& placed : devices) {
    if (placed.numa && !placed.place.empty()) ++counts[placed.place][*placed.numa];
  }
  std::map<std::string, int> numa;
  for (const auto& [place, nodes] : counts) {
    numa[place] = std::max_element(nodes.begin(), nodes.end(), [](const auto& a, const auto& b) {
                    return a.second < b.second;
                  })->first;
  }
  return numa;
}

// What shares a switch is drawn below it, whatever NUMA node the device itself has.
void move_to_places(std::vector<Placed>& devices) {
  const std::map<std::string, int> numa = numa_of_places(devices);
  for (Placed& placed : devices) {
    const auto of_place = numa.find(placed.place);
    if (of_place == numa.end() || placed.numa == of_place->second) continue;
    if (placed.tells_numa) tell(placed.device, numa_name(placed.numa));
    placed.numa = of_place->second;
  }
}

std::vector<DrawnNuma> hung_up(const std::vector<Placed>& devices) {
  // what has no NUMA node stands last
  std::map<std::pair<bool, int>, std::map<std::string, std::vector<DrawnDevice>>> tree;
  for (const Placed& placed : devices) {
    tree[{!placed.numa, placed.numa.value_or(0)}][placed.place].push_back(placed.device);
  }
  std::vector<DrawnNuma> all;
  for (const auto& [key, places] : tree) {
    DrawnNuma numa;
    numa.name = numa_name(key.first ? std::nullopt : std::optional(key.second));
    for (const auto& [place, drawn] : places) numa.switches.push_back({place, "", drawn});
    all.push_back(std::move(numa));
  }
  mark_switches(all);
  return all;
}

size_t numa_nodes_of(const std::vector<Placed>& devices) {
  std::set<int> nodes;
  for (const Placed& placed : devices) {
    if (placed.numa) nodes.insert(*placed.numa);
  }
  return nodes.size();
}

std::string title_of(const Node& node, const Drawing& drawing, size_t nodes) {
  size_t switches = 0;
  for (const DrawnNuma& numa : drawing.numa) {
    for (const DrawnSwitch& one : numa.switches) switches += one.name.empty() ? 0 : 1;
  }
  std::vector<std::string> words = {some(node.pci.facts.efa.size(), "EFA device")};
  const GpuFacts& gpu = node.gpu.facts;
  if (!gpu.nvidia.empty()) words.push_back(some(gpu.nvidia.size(), "GPU"));
  if (!gpu.neuron.empty()) words.push_back(some(gpu.neuron.size(), "Neuron device"));
  if (switches > 0) words.push_back(some(switches, "place") + " on PCIe");
  if (nodes > 0) words.push_back(some(nodes, "NUMA node"));
  const std::string type = node.cloud.facts.instance_type.value_or("");
  return (type.empty() ? "" : type + ": ") + join(words, ", ");
}

}  // namespace

Drawing draw(const Node& node) {
  std::vector<Placed> devices;
  for (const PciFunction& function : node.pci.facts.efa) {
    devices.push_back(place_efa(node, function));
  }
  mark_devices(node, devices);
  for (const Accelerator& one : node.gpu.facts.nvidia) {
    devices.push_back(place_accelerator(one, "GPU"));
  }
  for (const Accelerator& one : node.gpu.facts.neuron) {
    devices.push_back(place_accelerator(one, "Neuron"));
  }
  move_to_places(devices);
  Drawing drawing;
  drawing.numa = hung_up(devices);
  drawing.title = title_of(node, drawing, numa_nodes_of(devices));
  if (!node.pci.facts.functions) drawing.notes.emplace_back("PCI devices could not be listed");
  const bool placed = std::any_of(devices.begin(), devices.end(),
                                  [](const Placed& one) { return !one.place.empty(); });
  if (!devices.empty() && !placed) {
    drawing.notes.emplace_back("which devices share a switch is told only where GPUs are");
  }
  return drawing;
}

}  // namespace efa
