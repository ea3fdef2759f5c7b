#include "probes/account/own_judge.h"

#include <fmt/core.h>

#include <algorithm>

#include "probes/account/checks.h"
#include "probes/account/fleet.h"
#include "probes/base/moment.h"
#include "probes/judging/words.h"

namespace efa {
namespace {

// As its report would say.
AccountNode own_node(const Node& node, const Expectation& expectation, const AccountFacts& facts) {
  AccountNode own;
  own.instance = facts.instances.front().id;
  own.started_at = time_text(facts.asked_ms);
  own.saw_pci = node.pci.outcome.status == ProbeStatus::kOk && node.pci.facts.functions.has_value();
  for (const RdmaDevice& device : node.rdma.facts.devices) {
    if (device.mac && !device.mac->empty()) own.macs.push_back(*device.mac);
  }
  size_t functions = node.pci.facts.efa.size() + expectation.set_aside.size();
  if (expectation.given) {
    functions += static_cast<size_t>(expectation.given->of - expectation.given->devices);
  }
  own.functions_without_mac = functions - std::min(functions, own.macs.size());
  return own;
}

// Ids are no subjects of a node's findings.
Finding of_node(Finding finding, const std::string& instance) {
  if (finding.subject != instance) finding.message = finding.subject + ": " + finding.message;
  finding.subject = kNodeSubject;
  return finding;
}

}  // namespace

void tell_of_outcome(AccountFacts& facts, const ProbeOutcome& outcome) {
  const bool told =
      std::any_of(facts.sections.begin(), facts.sections.end(),
                  [](const AccountSection& section) { return section.name == kInstancesSection; });
  if (told) return;
  const std::string words =
      outcome.status == ProbeStatus::kOk
          ? "the probe did not say"
          : fmt::format("{} {}: {}", outcome.name, status_text(outcome.status), outcome.detail);
  facts.sections.push_back({kInstancesSection, SectionStatus::kFailed, "", words});
}

std::optional<int> attached_by_account(const Node& node) {
  if (!node.account || node.account->facts.instances.size() != 1) return std::nullopt;
  const AccountInstance& instance = node.account->facts.instances.front();
  if (has_untold_type(instance)) return std::nullopt;
  return static_cast<int>(efa_interfaces(instance).size());
}

void judge_own_account(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!node.account) return;
  AccountFacts facts = node.account->facts;
  tell_of_outcome(facts, node.account->outcome);
  if (facts.instances.size() == 1) facts.nodes = {own_node(node, expectation, facts)};
  const std::string instance = facts.instances.empty() ? "" : facts.instances.front().id;
  Findings own;
  judge_account(facts, {.efa_is_expected = expectation.expected}, own);
  for (Finding& finding : own.take()) {
    if (expectation.exactly && finding.check->code == kAccountInterfaceFewer.code) {
      findings.not_applicable(kAccountInterfaceFewer, kNodeSubject, "expect says how many");
    } else {
      findings.add(of_node(std::move(finding), instance));
    }
  }
}

}  // namespace efa
