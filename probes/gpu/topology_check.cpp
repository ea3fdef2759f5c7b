// Whether NVIDIA's driver maps the memory of coherent GPUs by PCIe for an EFA device: the rule of
// nv_pci_is_valid_topology_for_direct_pci (NVIDIA/open-gpu-kernel-modules), which compares their
// IOMMU groups; two devices without a group count as of one.

#include <algorithm>

#include "probes/gpu/parse.h"
#include "probes/gpu/ways.h"

namespace efa {
namespace {

bool could_read_groups(const std::vector<Accelerator>& functions) {
  return std::none_of(functions.begin(), functions.end(), [](const Accelerator& function) {
    return function.iommu_group.unreadable() != nullptr;
  });
}

bool same_group(const Accelerator& one, const Accelerator& other) {
  return one.iommu_group.value_or("") == other.iommu_group.value_or("");
}

bool is_local(const Accelerator& gpu, const Accelerator& efa) {
  return gpu.path && efa.path && share_a_bridge(*gpu.path, *efa.path);
}

// Without a group below another root bus, where the GPU has one: as a GB300's was seen to be.
bool is_ungrouped_elsewhere(const Accelerator& gpu, const Accelerator& efa) {
  return gpu.iommu_group && !efa.iommu_group && gpu.path && efa.path &&
         root_of(*gpu.path) != root_of(*efa.path);
}

template <class Is>
bool any_efa(const GpuFacts& facts, const Is& is) {
  return std::any_of(facts.efa.begin(), facts.efa.end(), is);
}

struct Groups {
  bool all_same = true;       // of every GPU and every EFA
  bool local_differ = false;  // of a GPU and an EFA beside it
  bool any_local = false;     // there is an EFA beside a GPU
  bool cut_off = false;       // no EFA is of a GPU's group or beside it, an ungrouped one elsewhere
};

// 595.91.07 is said to take an EFA of the GPU's group or below its root port, and refused others.
bool is_cut_off(const GpuFacts& facts, const Accelerator& gpu) {
  const auto may_be_taken = [&](const Accelerator& efa) {
    return same_group(gpu, efa) || is_local(gpu, efa);
  };
  const auto elsewhere = [&](const Accelerator& efa) { return is_ungrouped_elsewhere(gpu, efa); };
  return !any_efa(facts, may_be_taken) && any_efa(facts, elsewhere);
}

Groups compare_groups(const GpuFacts& facts) {
  Groups groups;
  for (const Accelerator& gpu : facts.nvidia) {
    for (const Accelerator& efa : facts.efa) {
      const bool same = same_group(gpu, efa);
      const bool local = is_local(gpu, efa);
      groups.all_same = groups.all_same && same;
      groups.any_local = groups.any_local || local;
      groups.local_differ = groups.local_differ || (local && !same);
    }
    groups.cut_off = groups.cut_off || is_cut_off(facts, gpu);
  }
  return groups;
}

bool asks_for_override(TopologyRule rule) {
  return rule == TopologyRule::kAnyOverride || rule == TopologyRule::kOnlyOverride1;
}

std::optional<uint32_t> override_of(const GpuFacts& facts) {
  return facts.parameters ? facts.parameters->topology_override : std::nullopt;
}

// The option alone: 0 leaves it to the groups.
std::optional<TopologyCheck> by_override(const GpuFacts& facts, TopologyRule rule) {
  const uint32_t is = override_of(facts).value_or(0);
  if (is == 0 || !asks_for_override(rule)) return std::nullopt;
  const bool passes = rule == TopologyRule::kAnyOverride || is == 1;
  return TopologyCheck{passes ? Passes::kYes : Passes::kNo,
                       "GrdmaPciTopoCheckOverride is " + std::to_string(is), true};
}

TopologyCheck by_groups(const GpuFacts& facts, TopologyRule rule, const std::string& driver) {
  const Groups groups = compare_groups(facts);
  if (rule == TopologyRule::kNotKnown) {
    if (!groups.cut_off) return {Passes::kNotKnown, "what " + driver + " asks for is not known"};
    return {Passes::kNo, "a GPU has no EFA in its IOMMU group, and " + driver + " asks for one"};
  }
  if (groups.all_same) return {Passes::kYes, "GPUs and EFA are in one IOMMU group, or in none"};
  if (!groups.any_local) {
    return {Passes::kNotKnown, "which EFA is beside which GPU does not show"};
  }
  if (!groups.local_differ) return {Passes::kYes, "each GPU is in the IOMMU group of its EFA"};
  if (asks_for_override(rule) && !override_of(facts)) {
    return {Passes::kNotRead, "GrdmaPciTopoCheckOverride could not be read"};
  }
  return {Passes::kNo, "GPU and EFA are in different IOMMU groups, which " + driver + " refuses" +
                           (asks_for_override(rule) ? " without GrdmaPciTopoCheckOverride" : "")};
}

}  // namespace

bool is_coherent(const GpuFacts& facts) {
  return facts.coherent == true && facts.architecture == "aarch64";
}

TopologyCheck topology_check(const GpuFacts& facts) {
  const auto nvidia = version_of(facts.modules.nvidia);
  if (!nvidia) return {Passes::kNotRead, "the NVIDIA driver's version could not be read"};
  const TopologyRule rule = topology_rule(*nvidia);
  const std::string driver = "NVIDIA driver " + *facts.modules.nvidia;
  if (rule == TopologyRule::kNoSuchMapping) {
    return {Passes::kNotKnown, driver + " is older than what is known of such GPUs"};
  }
  if (const auto decided = by_override(facts, rule)) return *decided;
  if (!could_read_groups(facts.nvidia) || !could_read_groups(facts.efa)) {
    return {Passes::kNotRead, "IOMMU groups could not be read"};
  }
  return by_groups(facts, rule, driver);
}

}  // namespace efa
