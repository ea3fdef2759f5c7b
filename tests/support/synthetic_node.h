// A synthetic machine: from tests/nodes/<name>/node.json to a directory that the probes read as
// they read /. What the description does not say is left out, as a machine may lack it. One that is
// "like" another has that one's members where it has none of its own; null takes one away.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/result.h"
#include "tests/support/tree.h"

namespace efa {

// A PCI function. Its id decides its driver, and so what else it is.
struct SyntheticFunction {
  std::string at;                   // below /sys/devices: "pci0000:10/0000:10:1b.0"
  std::string id;                   // "1d0f:efa0"
  std::string class_code;           // "0x020000"
  std::optional<int> numa;          // absent: the kernel says -1
  std::optional<std::string> name;  // of its RDMA device or network interface
  std::optional<std::string> mac;   // absent: made from the address
  std::optional<std::string> link;  // "16.0 GT/s PCIe x8", "Unknown x0"; absent: no such files
  std::optional<std::string> rate;
  std::optional<std::string> held_by;  // another driver than its own: "vfio-pci"

  [[nodiscard]] std::string address() const;  // "0000:10:1b.0"
  [[nodiscard]] std::string vendor() const;   // "0x1d0f"
  [[nodiscard]] std::string device() const;   // "0xefa0"
  [[nodiscard]] std::string driver() const;   // "" for one that does not matter here
  [[nodiscard]] bool is_efa() const { return driver() == "efa"; }
};

struct SyntheticInstaller {
  std::string version;
  std::vector<std::string> packages;
};

struct SyntheticService {
  std::string name;
  int pid = 0;
  std::string locked_memory;  // bytes or "unlimited"
};

// The driver of its NVIDIA functions, and what efa says of it.
struct SyntheticNvidia {
  std::string version;
  bool open = true;
  std::string p2p;  // the attribute of each EFA device: "NVIDIA"; "" when efa has no way to it
};

struct SyntheticNode {
  std::string note;  // what of it is known and what is made up
  std::string instance_type;
  std::string os;
  std::string kernel;
  std::string efa_version;           // of the module, loaded when there is an EFA function
  std::string efa_module;            // its row in modules.dep
  std::string efa_vermagic;          // of its file; "": there is no such file
  std::vector<std::string> efa_ids;  // its rows in modules.alias
  int module_index_lines = 0;        // rows of other modules beside them, for benchmarks
  bool rename_rule = false;
  std::optional<SyntheticInstaller> installer;
  int cpus = 1;
  int numa_nodes = 1;
  int huge_pages = 0;
  std::optional<int> ptrace_scope;  // absent: no Yama
  std::vector<SyntheticService> services;
  std::optional<SyntheticNvidia> nvidia;
  std::optional<std::string> neuron;         // the version of the driver of its Neuron devices
  std::optional<std::string> gdr;            // of efa 1.9 to 2.5 instead of p2p
  std::vector<SyntheticFunction> functions;  // bridges are made from their paths
  std::optional<int> efa_devices;            // the first ones, or copies, of the EFA functions
  std::map<std::string, std::string> held;   // by address of an EFA function, the driver it has
  std::optional<bool> efa_loaded;            // absent: where there is an EFA function
  std::string container;                     // "docker", "kubernetes" or "pod"; "": a host
  std::string capabilities = "00000000a80425fb";  // CapBnd of a container; Docker's default
  std::optional<int> device_nodes;                // so many uverbs nodes; absent: all
  bool counters = true;                           // false: another network namespace than the first
  std::vector<std::string> arguments;             // with which efa-doctor looks at it
};

Result<SyntheticNode> read_synthetic_node(const std::string& path);
// The same machine with that many EFA devices: the first ones, or copies in other PCI domains.
void set_efa_count(SyntheticNode& node, size_t count);

void write_node(const SyntheticNode& node, const Tree& tree);

// The parts.
void write_functions(const SyntheticNode& node, const Tree& tree);
void write_accelerators(const SyntheticNode& node, const Tree& tree);
// hwloc's export (version 2 of its XML) of the same machine.
std::string topology_xml(const SyntheticNode& node);

}  // namespace efa
