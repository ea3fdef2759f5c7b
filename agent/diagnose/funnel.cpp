// How many devices reached each rung of the ladder, and which were lost on it.

#include <algorithm>
#include <map>

#include "agent/diagnose/diagnosis.h"

namespace efa {
namespace {

constexpr Rung kRungs[] = {Rung::kPci,  Rung::kDriver, Rung::kRdma,
                           Rung::kNode, Rung::kVerbs,  Rung::kFabric};

// The lowest rung at which each device failed.
std::map<std::string, Rung> lost_at(const std::vector<Finding>& findings) {
  std::map<std::string, Rung> lost;
  for (const Finding& finding : findings) {
    const Check* check = find_check(finding.code);
    const bool device = PciAddress::from_text(finding.subject).has_value();
    if (check == nullptr || finding.result != FindingResult::kFail || !device) continue;
    if (check->rung < Rung::kPci) continue;
    const auto [entry, added] = lost.try_emplace(finding.subject, check->rung);
    if (!added) entry->second = std::min(entry->second, check->rung);
  }
  return lost;
}

// A rung counts only when somebody looked: at least one finding of it passed or failed.
bool looked_at(Rung rung, const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
    const Check* check = find_check(finding.code);
    return check != nullptr && check->rung == rung && finding.subject != kNodeSubject &&
           (finding.result == FindingResult::kPass || finding.result == FindingResult::kFail);
  });
}

FunnelStage stage(Rung rung, std::optional<int> count) {
  return {rung, count, {}};
}

}  // namespace

std::vector<FunnelStage> funnel_of(const Node& node, const Expectation& expectation,
                                   const std::vector<Finding>& findings) {
  std::vector<FunnelStage> funnel;
  const std::optional<int> expected =
      expectation.exactly ? expectation.exactly : expectation.maximum;
  funnel.push_back(stage(Rung::kExpected, expectation.expected ? expected : std::optional(0)));
  funnel.push_back(stage(Rung::kAttached, std::nullopt));  // only the EC2 API knows it
  const std::map<std::string, Rung> lost = lost_at(findings);
  std::set<std::string> devices;
  for (const PciFunction& function : node.pci.facts.efa) {
    devices.insert(function.address.to_text());
  }
  for (const auto& [subject, rung] : lost) devices.insert(subject);
  auto count = static_cast<int>(devices.size());
  for (const Rung rung : kRungs) {
    FunnelStage next = stage(rung, std::nullopt);
    for (const auto& [subject, lost_rung] : lost) {
      if (lost_rung == rung) next.lost.push_back(*PciAddress::from_text(subject));
    }
    count -= static_cast<int>(next.lost.size());
    const bool pci_seen = rung == Rung::kPci && node.pci.facts.functions.has_value();
    // where all devices were lost below, nothing was left to look at: that is zero, not unknown
    if (pci_seen || looked_at(rung, findings) || count == 0) next.count = count;
    funnel.push_back(std::move(next));
  }
  funnel.push_back(stage(Rung::kData, std::nullopt));  // no bytes are moved by this version
  return funnel;
}

}  // namespace efa
