// Judges how the probes themselves ended: what could not be looked at is said, never passed over.

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>

#include "agent/diagnose/diagnosis.h"
#include "probes/base/text.h"
#include "probes/base/unseen.h"
#include "probes/judging/outcome_checks.h"
#include "probes/judging/own_fault.h"
#include "probes/judging/table.h"

namespace efa {
namespace {

bool denied(const std::vector<Unseen>& unseen) {
  return std::any_of(unseen.begin(), unseen.end(), [](const Unseen& one) {
    return one.os_error == EACCES || one.os_error == EPERM;
  });
}

std::vector<std::string> hidden_parts(const Node& node) {
  std::vector<std::string> hidden;
  if (denied(node.log.facts.unseen)) hidden.emplace_back("the kernel log");
  if (denied(node.pci.facts.unseen)) hidden.emplace_back("PCI config space");
  const auto& services = node.limits.facts.services;
  const bool user = node.limits.facts.effective_uid.value_or(0) != 0;
  const bool limits =
      user && std::any_of(services.begin(), services.end(),
                          [](const auto& service) { return !service.locked_memory.has_value(); });
  if (limits) hidden.emplace_back("limits of services");
  const int processes = node.jobs.facts.unreadable_processes.value_or(0);
  if (processes > 0) hidden.push_back(fmt::format("open files of {} processes", processes));
  return hidden;
}

void judge_rights(const Node& node, Findings& findings) {
  const auto uid = node.limits.facts.effective_uid;
  const Check& check = uid == 0 ? kProbeLimitedRightsOfRoot : kProbeLimitedRights;
  const std::vector<std::string> hidden = hidden_parts(node);
  const Evidence evidence{uid ? "user id " + std::to_string(*uid) : "", "user id 0", "EACCES"};
  if (!hidden.empty()) {
    findings.fail(check, kNodeSubject, "could not be seen: " + join(hidden, ", "), evidence);
  } else if (!node.live) {
    findings.not_applicable(check, kNodeSubject, "the user that looked does not matter here");
  } else if (!uid) {
    findings.unknown(check, kNodeSubject, "which user looked could not be read", evidence);
  } else {
    findings.pass(check, kNodeSubject, "nothing was hidden", evidence);
  }
}

const Check* check_of(ProbeStatus status) {
  switch (status) {
    case ProbeStatus::kTimedOut:
      return &kProbeTimedOut;
    case ProbeStatus::kCrashed:
      return &kProbeCrashed;
    case ProbeStatus::kUnavailable:
      return &kProbeUnavailable;
    case ProbeStatus::kDenied:
      return &kProbeDenied;
    case ProbeStatus::kFailed:
      return &kProbeFailed;
    case ProbeStatus::kStillHanging:
      return &kProbeStillHanging;
    default:
      return nullptr;
  }
}

// The library that the probe loads is not on this node.
bool lacks_library(const ProbeOutcome& outcome) {
  const ProbeRow* probe = probe_of(outcome.name);
  return probe != nullptr && probe->loads_libraries &&
         outcome.status == ProbeStatus::kUnavailable && !is_fault_of_probe(outcome);
}

// Why root did not load what the probe loads; "" when it did.
std::string distrust_of(const ProbeOutcome& outcome) {
  const ProbeRow* probe = probe_of(outcome.name);
  const size_t as_nobody = outcome.detail.find(kAskedAsNobody);
  if (probe == nullptr || !probe->loads_libraries) return "";
  if (as_nobody != std::string::npos) return outcome.detail.substr(as_nobody);
  return outcome.detail.starts_with(kNotAsked) ? outcome.detail : "";
}

void judge_trust(const ProbeOutcome& outcome, Findings& findings) {
  const std::string why = distrust_of(outcome);
  if (why.empty()) return;
  findings.fail(kProbeLibraryNotTrusted, outcome.name, why,
                {why, "only root can change it", "owners and modes"});
}

}  // namespace

void judge_outcomes(const Node& node, const Expectation& expectation, Findings& findings) {
  for (const ProbeOutcome* outcome : outcomes_of(node)) {
    judge_trust(*outcome, findings);
    const Check* check = check_of(outcome->status);
    if (check == nullptr) continue;
    if (!expectation.expected && lacks_library(*outcome)) {
      findings.not_applicable(*check, outcome->name,
                              "no EFA is expected, so its library is not missed",
                              {outcome->detail, "", "ld.so(8)"});
      continue;
    }
    const std::string step = outcome->subject.empty()
                                 ? outcome->step
                                 : fmt::format("{} of {}", outcome->step, outcome->subject);
    if (ran_short_of_cpu(*outcome)) {
      findings.unknown(kProbeSlow, outcome->name, "slow: not done in " + in_words(*outcome->spent),
                       {in_words(*outcome->spent), "ends in time", step});
      continue;
    }
    const bool hung = outcome->status == ProbeStatus::kTimedOut && !step.empty();
    findings.fail(*check, outcome->name, hung ? "hung in: " + step : outcome->detail,
                  {outcome->detail, "ends in time", step});
  }
  judge_rights(node, findings);
}

}  // namespace efa
