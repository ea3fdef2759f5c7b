// hwloc's XML of a synthetic machine: one package and NUMA node each with its share of the CPUs,
// bridges nested as the functions' paths say. Interface: hwloc2.dtd, hwloc/helper.h.

#include <cstdio>
#include <map>

#include "probes/base/text.h"
#include "tests/support/synthetic_node.h"

namespace efa {
namespace {

struct Branch {
  const SyntheticFunction* function = nullptr;  // none: a bridge
  std::map<std::string, Branch> below;
};

class Export {
 public:
  explicit Export(const SyntheticNode& node) : node_(node) {}

  std::string text() {
    const std::string all = cpu_set(0, node_.cpus);
    out_ =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n<topology version=\"2.0\">\n";
    open("Machine", "os_index=\"0\" " + sets(all, node_set(0, node_.numa_nodes), true));
    out_ += "<info name=\"Backend\" value=\"synthetic, not exported by hwloc\"/>\n";
    for (int i = 0; i < node_.numa_nodes; ++i) put_package(i);
    put_branches(tree_of(std::nullopt), 0);
    out_ += "</object>\n</topology>\n";
    return std::move(out_);
  }

 private:
  // Bits as hwloc writes them: 32 at a time, the highest first.
  static std::string bits(int first, int end) {
    std::string text;
    for (int word = (end - 1) / 32; word >= 0; --word) {
      uint32_t value = 0;
      for (int bit = 0; bit < 32; ++bit) {
        if (word * 32 + bit >= first && word * 32 + bit < end) value |= uint32_t{1} << bit;
      }
      char group[16];
      std::snprintf(group, sizeof group, "%s0x%08x", text.empty() ? "" : ",", value);
      text += group;
    }
    return text;
  }
  static std::string cpu_set(int first, int end) { return bits(first, end); }
  static std::string node_set(int first, int end) { return bits(first, end); }

  static std::string sets(const std::string& cpus, const std::string& nodes, bool machine) {
    std::string text = "cpuset=\"" + cpus + "\" complete_cpuset=\"" + cpus + "\" nodeset=\"" +
                       nodes + "\" complete_nodeset=\"" + nodes + "\"";
    if (machine) text += " allowed_cpuset=\"" + cpus + "\" allowed_nodeset=\"" + nodes + "\"";
    return text;
  }

  void open(const std::string& type, const std::string& attributes) {
    out_ += "<object type=\"" + type + "\" " + attributes + " gp_index=\"" +
            std::to_string(++index_) + "\">\n";
  }

  void put_package(int number) {
    const int share = node_.cpus / node_.numa_nodes;
    const int first = number * share;
    const std::string cpus = cpu_set(first, first + share);
    const std::string nodes = node_set(number, number + 1);
    const std::string os_index = "os_index=\"" + std::to_string(number) + "\" ";
    open("Package", os_index + sets(cpus, nodes, false));
    open("NUMANode", os_index + sets(cpus, nodes, false) + " local_memory=\"1073741824\"");
    out_ += "</object>\n";
    for (int cpu = first; cpu < first + share; ++cpu) {
      open("PU",
           "os_index=\"" + std::to_string(cpu) + "\" " + sets(cpu_set(cpu, cpu + 1), nodes, false));
      out_ += "</object>\n";
    }
    put_branches(tree_of(number), 0);
    out_ += "</object>\n";
  }

  // The functions of that NUMA node (of none: those below the whole machine) as a tree.
  [[nodiscard]] std::map<std::string, Branch> tree_of(std::optional<int> numa) const {
    Branch root;
    for (const SyntheticFunction& function : node_.functions) {
      if (function.numa != numa) continue;
      Branch* branch = &root;
      for (const std::string& part : split(function.at, '/')) branch = &branch->below[part];
      branch->function = &function;
    }
    return root.below;
  }

  void put_branches(const std::map<std::string, Branch>& branches, int depth) {
    for (const auto& [name, branch] : branches) {
      if (branch.function != nullptr) {
        put_function(*branch.function);
      } else {
        put_bridge(name, branch, depth);
      }
    }
  }

  // "0000:44:00.0" -> "0000:[45-54]": the buses below
  static std::string buses(const Branch& bridge) {
    std::string first = bridge.below.begin()->first;
    std::string last = first;
    for (const Branch* branch = &bridge; !branch->below.empty();) {
      last = branch->below.rbegin()->first;
      branch = &branch->below.rbegin()->second;
    }
    return first.substr(0, 4) + ":[" + first.substr(5, 2) + "-" + last.substr(5, 2) + "]";
  }

  void put_bridge(const std::string& name, const Branch& bridge, int depth) {
    const bool host = name.starts_with("pci");
    std::string attributes = std::string("bridge_type=\"") + (host ? "0-1" : "1-1") +
                             "\" depth=\"" + std::to_string(depth) + "\" bridge_pci=\"" +
                             buses(bridge) + "\"";
    if (!host) {
      attributes += " pci_busid=\"" + name +
                    "\" pci_type=\"0604 [1d0f:0200] [1d0f:0200] 00\" pci_link_speed=\"0.000000\"";
    }
    open("Bridge", attributes);
    put_branches(bridge.below, depth + 1);
    out_ += "</object>\n";
  }

  void put_function(const SyntheticFunction& function) {
    open("PCIDev", "pci_busid=\"" + function.address() + "\" pci_type=\"" +
                       function.class_code.substr(2, 4) + " [" + function.id + "] [" + function.id +
                       "] 00\" pci_link_speed=\"" + link_speed(function) + "\"");
    if (function.is_efa() && function.name) {
      open("OSDev", "name=\"" + *function.name + "\" osdev_type=\"3\"");  // OpenFabrics
      out_ += "</object>\n";
    }
    out_ += "</object>\n";
  }

  // "16.0 GT/s PCIe x8" -> GB/s; 128 of 130 bits carry data from 8 GT/s up
  static std::string link_speed(const SyntheticFunction& function) {
    double gigabytes = 0;
    const std::string link = function.link.value_or("");
    const auto transfers = parse_number<int>(link.substr(0, link.find('.')));
    const size_t x = link.rfind(" x");
    const auto lanes =
        x == std::string::npos ? std::nullopt : parse_number<int>(link.substr(x + 2));
    if (transfers && lanes) gigabytes = *transfers * *lanes * 128.0 / 130.0 / 8.0;
    char text[32];
    std::snprintf(text, sizeof text, "%.6f", gigabytes);
    return text;
  }

  const SyntheticNode& node_;
  std::string out_;
  int index_ = 0;
};

}  // namespace

std::string topology_xml(const SyntheticNode& node) {
  return Export(node).text();
}

}  // namespace efa
