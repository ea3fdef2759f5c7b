// What the drivers of a synthetic machine's GPUs show: /proc/driver/nvidia as nv-procfs.c writes
// it, /sys/module, and the attribute p2p that efa gives each of its devices (2.6 and later).

#include "tests/support/synthetic_node.h"

namespace efa {
namespace {

constexpr const char* kNvidia = "/proc/driver/nvidia/";

std::string version_line(const SyntheticNvidia& nvidia) {
  return nvidia.open ? "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  " +
                           nvidia.version + "  Release Build  (builder@synthetic)\n"
                     : "NVRM version: NVIDIA UNIX x86_64 Kernel Module  " + nvidia.version +
                           "  Thu Jan  1 00:00:00 UTC 1970\n";
}

void write_nvidia(const SyntheticNvidia& nvidia, const Tree& tree) {
  for (const char* module : {"nvidia", "nvidia_uvm", "nvidia_modeset"}) {
    const std::string folder = std::string("/sys/module/") + module;
    tree.file(folder + "/version", nvidia.version + "\n");
    tree.file(folder + "/taint", nvidia.open ? "OE\n" : "POE\n");
  }
  tree.file(std::string(kNvidia) + "version", version_line(nvidia) + "GCC version:  synthetic\n");
  tree.file(std::string(kNvidia) + "params",
            "ModifyDeviceFiles: 1\nEnableStreamMemOPs: 0\nDmaRemapPeerMmio: 1\n"
            "GrdmaPciTopoCheckOverride: 0\nCoherentGPUMemoryMode: \"\"\nRegistryDwords: \"\"\n");
}

// What efa says of the memory of accelerators, the same of each device.
void write_peer_memory(const SyntheticNode& node, const SyntheticFunction& function,
                       const Tree& tree) {
  const std::string folder = "/sys/devices/" + function.at;
  if (node.gdr) {
    tree.file(folder + "/gdr", *node.gdr + "\n");
  } else {
    const std::string neuron = node.neuron ? "NEURON" : "";
    tree.file(folder + "/p2p", (node.nvidia ? node.nvidia->p2p : neuron) + "\n");
  }
}

}  // namespace

void write_accelerators(const SyntheticNode& node, const Tree& tree) {
  if (node.nvidia) write_nvidia(*node.nvidia, tree);
  if (node.neuron) tree.file("/sys/module/neuron/version", *node.neuron + "\n");
  for (const SyntheticFunction& function : node.functions) {
    if (function.is_efa()) write_peer_memory(node, function, tree);
    if (function.driver() == "nvidia" && node.nvidia) {
      tree.file(std::string(kNvidia) + "gpus/" + function.address() + "/information",
                "Bus Location:    " + function.address() + "\nGPU Excluded:    No\n");
    }
    if (function.driver() == "mlx5_core") {  // NVLink is managed through these
      tree.directory("/sys/module/mlx5_ib");
      tree.directory("/sys/module/ib_umad");
    }
  }
}

}  // namespace efa
