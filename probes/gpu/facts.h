// What probe-gpu saw: the accelerators (NVIDIA GPUs, Neuron devices), their drivers, and by which
// way their memory can reach EFA. From files only: no library of NVIDIA's or Neuron's is loaded.
// Interface: Documentation/ABI/testing/sysfs-bus-pci and stable/sysfs-module; /proc/driver/nvidia
// (nv-procfs.c of open-gpu-kernel-modules); the attributes p2p and gdr of efa (efa_sysfs.c).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/reading.h"
#include "probes/protocol/pci_address.h"

namespace efa {

// A GPU, a Neuron device, or an EFA function that may be beside them.
struct Accelerator {
  PciAddress address;
  std::string vendor;                // "0x10de"
  std::string device;                // "0x2330"
  Reading<std::string> driver;       // absent: bound to none
  Reading<std::string> iommu_group;  // "7"; absent: in none
  std::optional<int> numa_node;      // absent where the kernel says -1
  std::optional<std::string> path;   // "pci0000:44/0000:44:00.0/0000:53:00.0"
};

template <class Io>
void describe(Io& io, Accelerator& accelerator) {
  io("address", accelerator.address);
  io("vendor", accelerator.vendor);
  io("device", accelerator.device);
  describe_reading(io, "driver", accelerator.driver);
  describe_reading(io, "iommu_group", accelerator.iommu_group);
  io("numa_node", accelerator.numa_node);
  io("path", accelerator.path);
}

// A function of NVIDIA's, by its vendor or its driver, of which it could not be read what it is.
struct UnidentifiedFunction {
  PciAddress address;
  Unseen unseen;
};

template <class Io>
void describe(Io& io, UnidentifiedFunction& function) {
  io("address", function.address);
  io("unseen", function.unseen);
}

// Each: its version, "" where it shows none; absent: it is not loaded (or built in).
struct AcceleratorModules {
  Reading<std::string> efa;
  Reading<std::string> nvidia;
  Reading<std::string> nvidia_uvm;
  Reading<std::string> efa_nv_peermem;
  Reading<std::string> nvidia_peermem;  // of no use to EFA: it registers with MLNX_OFED only
  Reading<std::string> gdrdrv;
  Reading<std::string> neuron;
  Reading<std::string> mlx5_ib;
  Reading<std::string> ib_umad;
};

template <class Io>
void describe(Io& io, AcceleratorModules& modules) {
  describe_reading(io, "efa", modules.efa);
  describe_reading(io, "nvidia", modules.nvidia);
  describe_reading(io, "nvidia_uvm", modules.nvidia_uvm);
  describe_reading(io, "efa_nv_peermem", modules.efa_nv_peermem);
  describe_reading(io, "nvidia_peermem", modules.nvidia_peermem);
  describe_reading(io, "gdrdrv", modules.gdrdrv);
  describe_reading(io, "neuron", modules.neuron);
  describe_reading(io, "mlx5_ib", modules.mlx5_ib);
  describe_reading(io, "ib_umad", modules.ib_umad);
}

// Of /proc/driver/nvidia/params those that decide about EFA; absent: this release has no such line.
struct NvidiaParameters {
  std::optional<uint32_t> topology_override;      // GrdmaPciTopoCheckOverride
  std::optional<uint32_t> peer_mapping_override;  // PeerMappingOverride inside RegistryDwords
  std::optional<std::string> coherent_memory;     // CoherentGPUMemoryMode: "driver", "numa", ""
};

template <class Io>
void describe(Io& io, NvidiaParameters& parameters) {
  io("topology_override", parameters.topology_override);
  io("peer_mapping_override", parameters.peer_mapping_override);
  io("coherent_memory", parameters.coherent_memory);
}

// Fabric Manager, which sets up NVLink between GPUs that have switches.
struct FabricManager {
  Reading<bool> running;                       // a process of its name
  Reading<std::vector<std::string>> packages;  // versions that dpkg has of it; absent: no dpkg
  std::optional<std::string> refused;  // the driver's version that by its log it last did not fit
};

template <class Io>
void describe(Io& io, FabricManager& manager) {
  describe_reading(io, "running", manager.running);
  describe_reading(io, "packages", manager.packages);
  io("refused", manager.refused);
}

// The answer is the same for all EFA devices: of one of them, once in a pass.
struct PeerMemory {
  PciAddress address;
  std::string attribute;  // "p2p"; "gdr" of efa 1.9 to 2.5
  std::string provider;   // "NVIDIA", "NVIDIA peermem", "NEURON", "": none; of gdr "0" or "1"

  [[nodiscard]] bool is_closed() const {
    return provider.empty() || (attribute == "gdr" && provider == "0");
  }
};

template <class Io>
void describe(Io& io, PeerMemory& peer) {
  io("address", peer.address);
  io("attribute", peer.attribute);
  io("provider", peer.provider);
}

struct GpuFacts {
  std::vector<Accelerator> nvidia;  // class 0300 or 0302
  std::vector<Accelerator> neuron;
  std::vector<UnidentifiedFunction> unidentified;  // each may be a GPU
  std::vector<Accelerator> efa;                    // only where there is an accelerator
  std::vector<PciAddress> nvlink;  // ConnectX functions through which NVLink 5 is managed
  Reading<std::string> kernel_release;
  AcceleratorModules modules;
  // What mlx5_ib and ib_umad make, which shows them where they are built into the kernel.
  Reading<bool> nvlink_rdma;                // an RDMA device behind the first of `nvlink`
  Reading<bool> mad_class;                  // /sys/class/infiniband_mad
  Reading<bool> nvidia_open;                // the open kernel modules, not the proprietary ones
  std::optional<std::string> architecture;  // "x86_64", "aarch64", as the NVIDIA driver says
  Reading<NvidiaParameters> parameters;
  Reading<std::vector<PciAddress>> claimed;  // GPUs that the NVIDIA driver has taken
  Reading<bool> coherent;                    // their memory is the CPU's too: Grace
  FabricManager fabric_manager;
  std::optional<std::string> nvidia_on_disk;  // what DKMS has installed for this kernel
  std::optional<bool> gdrdrv_open;  // built for the open kernel modules; absent before gdrcopy 2.5
  // What a container's runtime has laid over /proc/driver/nvidia, where only granted GPUs show.
  Reading<bool> covered;
  Reading<PeerMemory> p2p;  // absent: the driver has no such attribute, or drives no device
};

template <class Io>
void describe(Io& io, GpuFacts& facts) {
  io("nvidia", facts.nvidia);
  io("neuron", facts.neuron);
  io("unidentified", facts.unidentified);
  io("efa", facts.efa);
  io("nvlink", facts.nvlink);
  describe_reading(io, "kernel_release", facts.kernel_release);
  io("modules", facts.modules);
  describe_reading(io, "nvlink_rdma", facts.nvlink_rdma);
  describe_reading(io, "mad_class", facts.mad_class);
  describe_reading(io, "nvidia_open", facts.nvidia_open);
  io("architecture", facts.architecture);
  describe_reading(io, "parameters", facts.parameters);
  describe_reading(io, "claimed", facts.claimed);
  describe_reading(io, "coherent", facts.coherent);
  io("fabric_manager", facts.fabric_manager);
  io("nvidia_on_disk", facts.nvidia_on_disk);
  io("gdrdrv_open", facts.gdrdrv_open);
  describe_reading(io, "covered", facts.covered);
  describe_reading(io, "p2p", facts.p2p);
}

}  // namespace efa
