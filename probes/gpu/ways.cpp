#include "probes/gpu/ways.h"

namespace efa {
namespace {

WayIn open_way(const std::string& why) {
  return {Way::kOpen, why};
}
WayIn closed(const std::string& why) {
  return {Way::kClosed, why};
}
WayIn not_read(const std::string& why) {
  return {Way::kNotRead, why};
}
WayIn not_known(const std::string& why) {
  return {Way::kNotKnown, why};
}

// Why the attribute is not there, on a device that efa drives.
WayIn without_attribute(const Reading<std::string>& efa) {
  if (is_kernels_own(efa)) return closed("the kernel's own efa has no P2P");
  const auto version = version_of(efa);
  if (!version) return not_read("the version of efa could not be read");
  if (is_amazon_linuxs_own(*version)) {
    return not_known("whether Amazon Linux's own efa " + *efa + " has P2P is not known");
  }
  return closed("efa " + *efa + " offers no P2P");
}

std::string quoted(const PeerMemory& peer) {
  return peer.attribute + " is \"" + peer.provider + "\"";
}

// The efa module's part of dma-buf. Which of the older kernels' own can does not show: Red Hat's
// 5.14 has drivers of later ones.
WayIn efa_dmabuf(const GpuFacts& facts, const Version& kernel) {
  if (is_kernels_own(facts.modules.efa)) {
    return is_at_least(kernel, kKernelOwnEfaDmabuf)
               ? open_way("the kernel's own efa takes dma-bufs")
               : not_known("whether this kernel's own efa takes dma-bufs is not known");
  }
  const auto efa = version_of(facts.modules.efa);
  if (!efa) return not_read("the version of efa could not be read");
  return is_at_least(*efa, kEfaDmabuf) ? open_way("efa " + *facts.modules.efa + " takes dma-bufs")
                                       : closed("efa before 1.16 takes no dma-buf");
}

}  // namespace

std::optional<Version> version_of(const Reading<std::string>& text) {
  return text ? parse_version(*text) : std::nullopt;
}

bool is_kernels_own(const Reading<std::string>& efa) {
  return efa ? efa->empty() : efa.unreadable() == nullptr;
}

bool is_amazon_linuxs_own(const Version& efa) {
  return efa.rest.starts_with('a');
}

bool names_no_provider(const Reading<PeerMemory>& p2p) {
  return p2p && p2p->is_closed();
}

std::optional<bool> speaks_other_page_table(const GpuFacts& facts) {
  const auto nvidia = version_of(facts.modules.nvidia);
  if (!nvidia) return std::nullopt;
  if (!is_at_least(*nvidia, kNvidiaPageTable2)) return false;
  const auto efa = version_of(facts.modules.efa);
  if (!efa) return std::nullopt;
  if (is_at_least(*efa, kEfaPageTable2)) return false;
  return is_amazon_linuxs_own(*efa) ? std::nullopt : std::optional(true);
}

std::optional<bool> denies_by_option(const GpuFacts& facts) {
  constexpr uint32_t kDeny = 2;
  if (!facts.parameters || facts.parameters->topology_override != kDeny) return false;
  const auto nvidia = version_of(facts.modules.nvidia);
  return nvidia ? std::optional(is_at_least(*nvidia, kNvidiaTopologyCheck)) : std::nullopt;
}

WayIn nvidia_p2p(const GpuFacts& facts) {
  if (facts.p2p.unreadable() != nullptr) {
    return not_read("the attribute p2p could not be read: " + facts.p2p.unreadable()->reason);
  }
  if (!facts.p2p) return without_attribute(facts.modules.efa);
  const bool gdr = facts.p2p->attribute == "gdr";
  const bool offered = gdr ? facts.p2p->provider == "1" : facts.p2p->provider.starts_with("NVIDIA");
  if (!offered) return closed(quoted(*facts.p2p));
  const auto other = speaks_other_page_table(facts);
  if (!other) {
    const std::string why = "whether this efa knows this NVIDIA driver's pages is not known";
    const bool read = version_of(facts.modules.nvidia) && version_of(facts.modules.efa);
    return read ? not_known(why) : not_read(why);
  }
  if (*other) {
    return closed("efa " + *facts.modules.efa + " does not know the pages of NVIDIA driver " +
                  *facts.modules.nvidia);
  }
  return open_way(quoted(*facts.p2p));
}

WayIn nvidia_dmabuf(const GpuFacts& facts, const std::optional<TopologyCheck>& grace) {
  if (!facts.nvidia_open) return not_read("the NVIDIA driver's flavour could not be read");
  if (!*facts.nvidia_open) return closed("the proprietary NVIDIA driver exports no dma-buf");
  const auto kernel = version_of(facts.kernel_release);
  if (!kernel) return not_read("the kernel's release could not be read");
  if (!is_at_least(*kernel, kKernelDmabuf)) return closed("a kernel before 5.12 has no dma-buf");
  WayIn taken = efa_dmabuf(facts, *kernel);
  if (taken.way != Way::kOpen) return taken;
  if (!grace) {
    return denies_by_option(facts) == true ? closed("GrdmaPciTopoCheckOverride is 2") : taken;
  }
  if (grace->passes == Passes::kYes) return taken;
  if (grace->passes == Passes::kNo) return closed(grace->why);
  return grace->passes == Passes::kNotRead ? not_read(grace->why) : not_known(grace->why);
}

// The older attribute tells of NVIDIA alone (gdr_show of efa 1.9 to 2.5): what efa can shows in its
// version.
WayIn neuron_beside_gdr(const GpuFacts& facts) {
  const auto efa = version_of(facts.modules.efa);
  if (!efa) return not_read("the version of efa could not be read");
  if (is_amazon_linuxs_own(*efa)) {
    return not_known("whether Amazon Linux's own efa " + *facts.modules.efa +
                     " has P2P for Neuron is not known");
  }
  return is_at_least(*efa, kEfaNeuron) ? open_way("efa " + *facts.modules.efa + " knows Neuron")
                                       : closed("efa before 1.16 does not know Neuron");
}

WayIn neuron_p2p(const GpuFacts& facts) {
  if (facts.p2p.unreadable() != nullptr) {
    return not_read("the attribute p2p could not be read: " + facts.p2p.unreadable()->reason);
  }
  if (!facts.p2p) return without_attribute(facts.modules.efa);
  if (facts.p2p->attribute == "gdr") return neuron_beside_gdr(facts);
  return facts.p2p->provider == "NEURON" ? open_way(quoted(*facts.p2p))
                                         : closed(quoted(*facts.p2p));
}

WayIn neuron_dmabuf(const GpuFacts& facts) {
  const auto kernel = version_of(facts.kernel_release);
  if (!kernel) return not_read("the kernel's release could not be read");
  if (!is_at_least(*kernel, kKernelNeuronDmabuf)) {
    return closed("the Neuron driver exports no dma-buf on a kernel before 5.15");
  }
  return efa_dmabuf(facts, *kernel);
}

}  // namespace efa
