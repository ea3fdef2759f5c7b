#include "agent/diagnose/diagnosis.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "agent/diagnose/gravity.h"
#include "agent/diagnose/history.h"
#include "probes/cloud/checks.h"
#include "probes/judging/table.h"
#include "probes/judging/words.h"

namespace efa {

bool any(const std::vector<Finding>& findings, FindingResult result, Severity severity) {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
    return finding.result == result && finding.check->severity == severity;
  });
}

namespace {

// A node that says nothing of EFA, but is of a type that nobody takes without.
bool lacks_its_rails(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.check->code == kCloudRailsUnused.code &&
           finding.result == FindingResult::kFail && finding.check->severity == Severity::kWarning;
  });
}

size_t subjects_of(const std::vector<Finding>& findings, const std::string& code,
                   std::string& first) {
  size_t count = 0;
  for (const Finding& finding : findings) {
    const bool root = finding.result == FindingResult::kFail && finding.explained_by.empty();
    if (finding.check->code != code || !root) continue;
    if (count++ == 0) first = fmt::format("{}: {}", finding.subject, finding.message);
  }
  return count;
}

// Of a device that is well itself: it is lost only because another one is sick in that way.
bool is_taken_along(const std::vector<Finding>& findings, const std::string& cause,
                    const PciAddress& address) {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
    return finding.check->rung == Rung::kFabric && finding.explained_by == cause &&
           finding.subject == address.to_text();
  });
}

// One sick device can take the healthy ones along: libfabric then lists none.
std::string fabric_words(const Diagnosis& diagnosis) {
  const std::string& cause = diagnosis.root_causes.front();
  const Check* check = find_check(cause);
  if (check == nullptr || !check->takes_neighbours) return "";
  for (const FunnelStage& stage : diagnosis.funnel) {
    if (stage.rung != Rung::kFabric || stage.count != 0 || stage.lost.empty()) continue;
    const bool all = std::all_of(stage.lost.begin(), stage.lost.end(), [&](const PciAddress& one) {
      return is_taken_along(diagnosis.findings, cause, one);
    });
    const size_t healthy = stage.lost.size();
    if (!all) return "";
    return healthy == 1
               ? "; libfabric therefore does not offer the other device either"
               : fmt::format("; libfabric therefore offers none of the {} other devices", healthy);
  }
  return "";
}

std::string cause_words(const Diagnosis& diagnosis) {
  if (diagnosis.root_causes.empty()) return "";
  std::string first;
  const std::string& code = diagnosis.root_causes.front();
  const size_t count = subjects_of(diagnosis.findings, code, first);
  const size_t more = diagnosis.root_causes.size() - 1;
  const std::string subjects = count > 1 ? fmt::format(" (and {} more)", count - 1) : "";
  const std::string causes =
      more > 0 ? fmt::format("; {} other cause{}", more, more > 1 ? "s" : "") : "";
  return fmt::format("{}{}{}{}", first, subjects, causes, fabric_words(diagnosis));
}

// The devices that reached the highest rung that was looked at.
FunnelStage highest_stage(const std::vector<FunnelStage>& funnel) {
  FunnelStage highest;
  for (const FunnelStage& stage : funnel) {
    if (stage.rung >= Rung::kPci && stage.count) highest = stage;
  }
  return highest;
}

// No more is said to work than was looked at.
std::string working_words(const Node& node, const std::vector<FunnelStage>& funnel) {
  const FunnelStage highest = highest_stage(funnel);
  const int working = highest.count.value_or(0);
  std::string devices =
      fmt::format("{} EFA {}", working, working == 1 ? "device works" : "devices work");
  if (!node.live) return devices + " as far as files show";
  if (highest.rung >= Rung::kFabric) return devices;
  return fmt::format("{} up to the rung {}; libfabric could not be asked", devices,
                     rung_text(highest.rung));
}

std::string summary_of(const Node& node, const Diagnosis& diagnosis) {
  switch (diagnosis.verdict) {
    case Verdict::kHealthy:
      return working_words(node, diagnosis.funnel);
    case Verdict::kNotApplicable:
      return "no EFA is expected: " + diagnosis.expectation.why;
    case Verdict::kUnknown: {
      for (const Finding& finding : diagnosis.findings) {
        const bool blind = finding.result == FindingResult::kUnknown &&
                           finding.check->severity == Severity::kCritical;
        if (blind) return fmt::format("could not look: {}: {}", finding.subject, finding.message);
      }
      return "could not look: the machine's devices cannot be read";
    }
    default:
      return cause_words(diagnosis);
  }
}

struct Cause {
  Severity gravity = Severity::kInfo;  // the gravest that it explains
  Rung rung = Rung::kNone;             // at which it strikes
};

}  // namespace

// By gravity, then by rung, by name.
std::vector<std::string> root_causes_of(const std::vector<Finding>& findings) {
  std::map<std::string_view, Cause> by_code;
  for (const Finding& finding : findings) {
    if (finding.result != FindingResult::kFail) continue;
    const bool root = finding.explained_by.empty();
    Cause& cause = by_code[root ? finding.check->code : std::string_view(finding.explained_by)];
    cause.gravity = std::min(cause.gravity, finding.check->severity);
  }
  for (const Finding& finding : findings) {
    const auto cause = by_code.find(finding.check->code);
    if (cause != by_code.end()) cause->second.rung = finding.check->rung;
  }
  std::erase_if(by_code, [](const auto& entry) { return entry.second.gravity == Severity::kInfo; });
  std::vector<std::string> codes;
  for (const auto& [code, cause] : by_code) codes.emplace_back(code);
  const auto rank = [&](const std::string& code) {
    const Cause& cause = by_code.at(code);
    return std::pair(cause.gravity, cause.rung);
  };
  std::stable_sort(codes.begin(), codes.end(),
                   [&](const std::string& a, const std::string& b) { return rank(a) < rank(b); });
  return codes;
}

Verdict verdict_of(const Node& node, const Expectation& expectation,
                   const std::vector<Finding>& findings) {
  if (any(findings, FindingResult::kFail, Severity::kCritical)) return Verdict::kUnhealthy;
  const bool blind = node.pci.outcome.status != ProbeStatus::kOk || !node.pci.facts.functions ||
                     !node.pci.facts.unidentified.empty() || !node.kernel.facts.release;
  if (blind && !(expectation.exactly == 0)) return Verdict::kUnknown;
  if (!expectation.expected) {
    return lacks_its_rails(findings) ? Verdict::kDegraded : Verdict::kNotApplicable;
  }
  if (any(findings, FindingResult::kUnknown, Severity::kCritical)) return Verdict::kUnknown;
  if (any(findings, FindingResult::kFail, Severity::kWarning)) return Verdict::kDegraded;
  return Verdict::kHealthy;
}

namespace {

Diagnosis concluded(const Node& node, const Expectation& expectation,
                    std::vector<Finding> findings) {
  Diagnosis diagnosis;
  diagnosis.expectation = expectation;
  diagnosis.findings = std::move(findings);
  diagnosis.funnel = funnel_of(node, expectation, diagnosis.findings);
  diagnosis.verdict = verdict_of(node, expectation, diagnosis.findings);
  diagnosis.root_causes = root_causes_of(diagnosis.findings);
  diagnosis.summary = summary_of(node, diagnosis);
  return diagnosis;
}

}  // namespace

Diagnosis diagnose(const Node& node, const Expectation& expectation) {
  std::vector<Finding> findings = judge_all(node, expectation);
  explain(findings);
  return concluded(node, expectation, std::move(findings));
}

Diagnosis diagnose(const Node& node, const Expectation& expectation, History& history,
                   const Moment& now) {
  std::vector<Finding> findings = judge_all(node, expectation);
  remember_findings(history, findings, node, now);
  explain(findings);
  lead_by_returning(findings, history, now.boot_ms, expectation.weights);
  weigh(findings, expectation.weights);
  return concluded(node, expectation, std::move(findings));
}

}  // namespace efa
