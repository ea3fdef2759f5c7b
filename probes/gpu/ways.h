// By which way the memory of accelerators can reach EFA. Pure.
//   P2P      efa asks the accelerator's driver for the pages (ibv_reg_mr of a device's address)
//   dma-buf  the accelerator's driver exports a descriptor, efa imports it (ibv_reg_dmabuf_mr)
// Either is enough. Interface: efa_p2p.c, efa_nvmem_impl.h of amzn-drivers; efa_hmem.c of
// libfabric.
#pragma once

#include <string>

#include "probes/gpu/facts.h"
#include "probes/gpu/versions.h"

namespace efa {

enum class Way {
  kOpen,
  kClosed,
  kNotRead,  // a file could not be read
  kNotKnown  // no source says what this driver can
};

struct WayIn {
  Way way = Way::kNotKnown;
  std::string why;  // in words, for whoever has to open it
};

enum class Passes {
  kYes,
  kNo,
  kNotRead,   // a file could not be read
  kNotKnown,  // no source says what the driver does with such a machine
};
struct TopologyCheck {
  Passes passes = Passes::kNotKnown;
  std::string why;
  bool by_option = false;  // GrdmaPciTopoCheckOverride alone decides
};
// Coherent GPUs (Grace): whether their driver maps their memory by PCIe for the EFA devices.
TopologyCheck topology_check(const GpuFacts& facts);

WayIn nvidia_p2p(const GpuFacts& facts);
// `grace`: of coherent GPUs, whether that mapping is done.
WayIn nvidia_dmabuf(const GpuFacts& facts, const std::optional<TopologyCheck>& grace = {});
WayIn neuron_p2p(const GpuFacts& facts);
WayIn neuron_dmabuf(const GpuFacts& facts);

// What several judges ask; nothing where it is not there or could not be read.
std::optional<Version> version_of(const Reading<std::string>& text);
// The efa that drives devices is the kernel's own, which has no P2P: it shows no version, or is no
// module at all.
bool is_kernels_own(const Reading<std::string>& efa);
// Amazon Linux's own ("2.13.0a"): which fixes and whether P2P are in it is not known.
bool is_amazon_linuxs_own(const Version& efa);
// The attribute was read and names no provider.
bool names_no_provider(const Reading<PeerMemory>& p2p);
// NVIDIA's driver speaks the newer page table that the loaded efa does not know: it then gives the
// pages back without a word. Nothing where one of them is not known.
std::optional<bool> speaks_other_page_table(const GpuFacts& facts);
// GrdmaPciTopoCheckOverride is 2, and NVIDIA's driver heeds it. Nothing where the option is 2 and
// the driver's version is not known.
std::optional<bool> denies_by_option(const GpuFacts& facts);
// The GPUs are coherent with an Arm CPU, as those of GB200 and GB300; not seen where their memory
// is left to the driver.
bool is_coherent(const GpuFacts& facts);

}  // namespace efa
