// How many devices reached each rung of the ladder, and which were lost on it.

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "agent/diagnose/diagnosis.h"
#include "probes/account/own_judge.h"
#include "probes/judging/attached.h"
#include "probes/judging/table.h"

namespace efa {
namespace {

constexpr Rung kRungs[] = {Rung::kAttached, Rung::kPci,   Rung::kDriver, Rung::kRdma,
                           Rung::kNode,     Rung::kVerbs, Rung::kFabric, Rung::kData};

// The lowest rung at which each device failed.
std::map<std::string, Rung> lost_at(const std::vector<Finding>& findings) {
  std::map<std::string, Rung> lost;
  for (const Finding& finding : findings) {
    const Rung rung = finding.check->rung;
    const bool device = PciAddress::from_text(finding.subject).has_value();
    if (finding.result != FindingResult::kFail || !device || rung < Rung::kPci) continue;
    const auto [entry, added] = lost.try_emplace(finding.subject, rung);
    if (!added) entry->second = std::min(entry->second, rung);
  }
  return lost;
}

// Only the probe that climbs a rung tells who stands on it: a device whose counters were read has
// answered the driver, not libibverbs.
bool is_told_by_its_probe(const Finding& finding, Rung rung) {
  if (finding.check->rung != rung) return false;
  const ProbeRow* probe = probe_of(*finding.check);
  return probe != nullptr &&
         std::any_of(std::begin(probe->rungs), std::end(probe->rungs),
                     [&](const MeasuredRung& measured) { return measured.rung == rung; });
}

// The devices that stood on the rung: something of it passed, and nothing of it is unknown.
std::set<std::string> seen_on(Rung rung, const std::vector<Finding>& findings) {
  std::set<std::string> seen;
  std::set<std::string> unknown;
  for (const Finding& finding : findings) {
    if (!is_told_by_its_probe(finding, rung)) continue;
    if (finding.result == FindingResult::kPass) seen.insert(finding.subject);
    if (finding.result == FindingResult::kUnknown) unknown.insert(finding.subject);
  }
  std::erase_if(seen, [&](const std::string& subject) { return unknown.contains(subject); });
  return seen;
}

FunnelStage stage(Rung rung, std::optional<int> count) {
  return {rung, count, false, {}};
}

// None can be detached from an instance that runs: a device that was seen has its interface.
FunnelStage attached_stage(const Node& node, const Expectation& expectation, size_t seen) {
  const std::optional<int> told = attached_by_account(node);
  if (told) return stage(Rung::kAttached, told);
  std::optional<int> most = expectation.maximum;  // of the type, less what is set aside
  if (most) *most += static_cast<int>(expectation.set_aside.size());
  const AttachedInterfaces attached = attached_interfaces(node, most);
  FunnelStage next = stage(Rung::kAttached, std::nullopt);
  if (!attached.told) return next;
  next.count = std::max(attached.certain, static_cast<int>(seen + attached.missing));
  next.at_least = !attached.whole;
  return next;
}

}  // namespace

std::vector<FunnelStage> funnel_of(const Node& node, const Expectation& expectation,
                                   const std::vector<Finding>& findings) {
  std::vector<FunnelStage> funnel;
  std::optional<int> expected = expectation.number_for(static_cast<int>(node.pci.facts.efa.size()));
  if (expectation.given && !expectation.exactly) expected = expectation.given->devices;
  funnel.push_back(stage(Rung::kExpected, expectation.expected ? expected : std::optional(0)));
  const std::map<std::string, Rung> lost = lost_at(findings);
  std::set<std::string> devices;
  for (const PciFunction& function : node.pci.facts.efa) {
    devices.insert(function.address.to_text());
  }
  for (const auto& [subject, rung] : lost) devices.insert(subject);
  const bool listed = node.pci.outcome.status == ProbeStatus::kOk && node.pci.facts.functions;
  const bool told_apart = !may_hide_efa(node, expectation);
  for (const Rung rung : kRungs) {
    FunnelStage next = rung == Rung::kAttached ? attached_stage(node, expectation, devices.size())
                                               : stage(rung, std::nullopt);
    for (const auto& [subject, lost_rung] : lost) {
      if (lost_rung != rung) continue;
      next.lost.push_back(*PciAddress::from_text(subject));
      devices.erase(subject);
    }
    // where all devices were lost below, nothing was left to look at: that is zero, not unknown
    const std::set<std::string> seen = seen_on(rung, findings);
    const auto on = std::count_if(devices.begin(), devices.end(), [&](const std::string& subject) {
      return seen.contains(subject);
    });
    const bool all_seen = std::cmp_equal(on, devices.size());
    const bool whole = all_seen && (told_apart || rung != Rung::kPci);
    // one that could not be looked at takes nothing from the others; bytes that moved are proved
    // for all that are counted, or for none
    const bool some = on > 0 && rung != Rung::kData;
    if (is_measured(rung, node) && listed && (whole || some)) {
      next.count = static_cast<int>(on);
      next.at_least = !whole;
    }
    funnel.push_back(std::move(next));
  }
  return funnel;
}

}  // namespace efa
