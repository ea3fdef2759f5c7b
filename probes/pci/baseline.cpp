#include "probes/pci/baseline.h"

namespace efa {

std::vector<ErrorBaseline> next_baselines(const std::vector<ErrorBaseline>& before,
                                          const PciFacts& facts) {
  std::map<PciAddress, ErrorBaseline> next;
  for (const ErrorBaseline& baseline : before) next[baseline.address] = baseline;
  for (const PciFunction& function : facts.efa) {
    if (function.aer_errors.empty()) continue;
    next[function.address] = {function.address, function.aer_errors};
  }
  std::vector<ErrorBaseline> baselines;
  for (auto& [address, baseline] : next) baselines.push_back(std::move(baseline));
  return baselines;
}

}  // namespace efa
