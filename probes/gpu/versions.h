// Versions of the kernel, of efa and of NVIDIA's driver, and from which one on what holds.
// Every bound stands here once, with where it is from:
//   DRV   amzn/amzn-drivers, kernel/linux/efa, RELEASENOTES.md and tags efa_linux_X.Y.Z
//   NVO   NVIDIA/open-gpu-kernel-modules, all its release tags compared
//   OFI   aws/aws-ofi-nccl
//   NEU   aws-neuron/aws-neuron-driver
//   LF    ofiwg/libfabric
#pragma once

#include <optional>

#include "probes/base/version.h"

namespace efa {

// efa: dma-buf, and P2P of Neuron (DRV, 1.16.0).
inline constexpr Bound kEfaDmabuf{1, 16, 0};
inline constexpr Bound kEfaNeuron{1, 16, 0};
// efa: P2P of NVIDIA through providers, the attribute p2p and efa_nv_peermem (DRV, 2.6.0).
inline constexpr Bound kEfaProviders{2, 6, 0};
// efa: "Support P2P with NVIDIA 580 drivers" (DRV, 2.17.3).
inline constexpr Bound kEfaPageTable2{2, 17, 3};
// NVIDIA: NVIDIA_P2P_PAGE_TABLE_VERSION became 0x00020000 (NVO, kernel-open/nvidia/nv-p2p.h:135).
inline constexpr Bound kNvidiaPageTable2{580, 65, 6};
// NVIDIA: GPUs that are not coherent have a check of the topology, which
// GrdmaPciTopoCheckOverride=2 makes refuse (NVO, nv_grdma_pci_topology_supported).
inline constexpr Bound kNvidiaTopologyCheck{580, 65, 6};
// NVIDIA: the rpm of Fabric Manager is named nvidia-fabricmanager (amazon-eks-ami,
// install-nvidia-driver.sh); before it was nvidia-fabric-manager.
inline constexpr Bound kNvidiaFabricManagerName{580, 0, 0};
// NCCL's plugin: offers no dma-buf by itself; offers it but on the device ids 0xefa0 to 0xefa2;
// offers it on all (OFI, tags; the last with #1243).
inline constexpr Bound kPluginDmabufOff{1, 13, 2};
inline constexpr Bound kPluginDmabufLater{1, 14, 2};
inline constexpr Bound kPluginDmabufAll{1, 19, 2};
// libfabric: registers the address of GPU memory by dma-buf before it tries P2P (LF, c9e3c0c1;
// before it by P2P alone, #12019).
inline constexpr Bound kLibfabricDmabuf{2, 5, 0};
// efa: the one that gives NVIDIA's driver ranges that are not aligned; 3.3.1 does not (DRV).
inline constexpr Bound kEfaMisaligns{3, 3, 0};
// EFA-GDA: the plugin that offers it, and what it asks for (OFI, doc/gin-getting-started.md,
// #1350).
inline constexpr Bound kPluginGda{1, 21, 0};
inline constexpr Bound kEfaGda{3, 3, 0};
inline constexpr Bound kGdrdrvGda{2, 5, 0};
// The kernel: dma-buf through the RDMA ioctl (OFI, src/nccl_ofi_dmabuf.cpp).
inline constexpr Bound kKernelDmabuf{5, 12, 0};
// The kernel's own efa: dma-buf for certain (inferred from its history; no document says so).
inline constexpr Bound kKernelOwnEfaDmabuf{5, 16, 0};
// The kernel: Neuron exports dma-bufs, else -EPROTONOSUPPORT (NEU, neuron_dmabuf.c:28).
inline constexpr Bound kKernelNeuronDmabuf{5, 15, 0};

// Does that kernel cut modules off from symbols that are not exported for GPL only? Nothing where
// its number does not tell: distributions that take fixes over without counting them.
std::optional<bool> cuts_plain_symbols(const Version& kernel);

// Does that release of NVIDIA's open modules export its P2P calls for GPL only, so that no kernel
// cuts them off? Nothing of a release that was not seen.
std::optional<bool> exports_for_gpl(const Version& nvidia);

// What NVIDIA's driver does when a coherent GPU's memory is to be mapped by PCIe, and the GPU and
// the other device are in different IOMMU groups.
enum class TopologyRule {
  kNoSuchMapping,  // the release cannot map it by PCIe at all
  kAnyOverride,    // refuses unless GrdmaPciTopoCheckOverride is not 0
  kOnlyOverride1,  // refuses unless it is 1
  kNoOverride,     // refuses whatever it is
  kNotKnown        // a release whose code was not seen
};
TopologyRule topology_rule(const Version& nvidia);

}  // namespace efa
