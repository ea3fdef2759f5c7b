#include "probes/gpu/versions.h"

namespace efa {
namespace {

// Stable commit 9011e49d: symbol_get() gives exports for GPL only. The first of each series that
// has it (aws-parallelcluster#6015; amazon-eks-ami#1494; of 6.5 a mail of LKML).
constexpr Bound kFirstThatCuts[] = {
    {4, 14, 326}, {5, 4, 257}, {5, 10, 195}, {5, 15, 131}, {6, 1, 52}, {6, 5, 2},
};
constexpr Bound kAllCutFrom{6, 6, 0};

// NVO, kernel-open/common/inc/nv-linux.h and nv-p2p.c: EXPORT_SYMBOL up to the first of a row,
// EXPORT_SYMBOL_GPL from the second on. All of 545 is plain, all from 550.40.07 on is for GPL.
constexpr Bound kFirstOpen{515, 43, 4};
constexpr Bound kLastPlain535{535, 129, 3};
constexpr Bound kFirstGpl535{535, 146, 2};
constexpr Bound kFirstGpl550{550, 40, 7};

// NVO, nv_pci_is_valid_topology_for_direct_pci: from each release on, in order.
struct TopologyRow {
  Bound from;
  TopologyRule rule;
};
constexpr TopologyRow kTopologyRows[] = {
    {{0, 0, 0}, TopologyRule::kNoSuchMapping},
    {{570, 86, 15}, TopologyRule::kAnyOverride},
    {{580, 65, 6}, TopologyRule::kOnlyOverride1},
    {{595, 0, 0}, TopologyRule::kNoOverride},  // 595.44.02 and 595.45.04
    {{595, 50, 0}, TopologyRule::kNotKnown},   // 595.91.07 is said to have changed
};

// Debian, Ubuntu, Red Hat and SUSE give a kernel the fixes of later ones under the number of the
// first, whose third part is 0 ("6.1.0-40-amd64"); Oracle under another ("5.4.17-2136.el8uek").
bool counts_its_fixes(const Version& kernel) {
  return kernel.numbers[2] != 0 && kernel.rest.find(".el") == std::string::npos;
}

}  // namespace

std::optional<bool> cuts_plain_symbols(const Version& kernel) {
  if (is_at_least(kernel, kAllCutFrom)) return true;
  if (!counts_its_fixes(kernel)) return std::nullopt;
  for (const Bound& first : kFirstThatCuts) {
    const bool same_series = kernel.numbers[0] == first[0] && kernel.numbers[1] == first[1];
    if (same_series) return is_at_least(kernel, first);
  }
  return std::nullopt;
}

std::optional<bool> exports_for_gpl(const Version& nvidia) {
  if (is_at_least(nvidia, kFirstGpl550)) return true;
  if (nvidia.numbers[0] == 545) return false;
  if (is_at_least(nvidia, kFirstGpl535) && nvidia.numbers[0] == 535) return true;
  const bool plain = is_at_least(nvidia, kFirstOpen) && nvidia.numbers <= kLastPlain535;
  return plain ? std::optional(false) : std::nullopt;
}

TopologyRule topology_rule(const Version& nvidia) {
  TopologyRule rule = TopologyRule::kNotKnown;
  for (const TopologyRow& row : kTopologyRows) {
    if (is_at_least(nvidia, row.from)) rule = row.rule;
  }
  return rule;
}

}  // namespace efa
