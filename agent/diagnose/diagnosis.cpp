#include "agent/diagnose/diagnosis.h"

#include <algorithm>
#include <map>

#include "agent/diagnose/history.h"
#include "agent/report/report.h"

namespace efa {
namespace {

bool any(const std::vector<Finding>& findings, FindingResult result, Severity severity) {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
    return finding.result == result && finding.severity == severity;
  });
}

// Each code once; by the gravest that it explains, then by the rung at which it strikes, by name.
std::vector<std::string> root_causes_of(const std::vector<Finding>& findings) {
  std::map<std::string, Severity> gravity;
  for (const Finding& finding : findings) {
    if (finding.result != FindingResult::kFail) continue;
    const std::string& root = finding.explained_by.empty() ? finding.code : finding.explained_by;
    const auto [entry, added] = gravity.try_emplace(root, finding.severity);
    if (!added) entry->second = std::min(entry->second, finding.severity);
  }
  std::erase_if(gravity, [](const auto& entry) { return entry.second == Severity::kInfo; });
  std::vector<std::string> causes;
  for (const auto& [code, severity] : gravity) causes.push_back(code);
  const auto rank = [&](const std::string& code) {
    const Check* check = find_check(code);
    return std::pair(gravity.at(code), check == nullptr ? Rung::kNone : check->rung);
  };
  std::stable_sort(causes.begin(), causes.end(),
                   [&](const std::string& a, const std::string& b) { return rank(a) < rank(b); });
  return causes;
}

size_t subjects_of(const std::vector<Finding>& findings, const std::string& code,
                   std::string& first) {
  size_t count = 0;
  for (const Finding& finding : findings) {
    const bool root = finding.result == FindingResult::kFail && finding.explained_by.empty();
    if (finding.code != code || !root) continue;
    if (count++ == 0) first = finding.subject + ": " + finding.message;
  }
  return count;
}

// One sick device can take the healthy ones along: libfabric then lists none.
std::string fabric_words(const Diagnosis& diagnosis) {
  for (const FunnelStage& stage : diagnosis.funnel) {
    if (stage.rung != Rung::kFabric || stage.count != 0 || stage.lost.empty()) continue;
    const size_t healthy = stage.lost.size();
    return "; libfabric therefore offers none of the " + std::to_string(healthy) + " other device" +
           (healthy == 1 ? "" : "s");
  }
  return "";
}

std::string cause_words(const Diagnosis& diagnosis) {
  if (diagnosis.root_causes.empty()) return "";
  std::string first;
  const std::string& code = diagnosis.root_causes.front();
  const size_t count = subjects_of(diagnosis.findings, code, first);
  const size_t more = diagnosis.root_causes.size() - 1;
  return first + (count > 1 ? " (and " + std::to_string(count - 1) + " more)" : "") +
         (more > 0 ? "; " + std::to_string(more) + " other cause" + (more > 1 ? "s" : "") : "") +
         fabric_words(diagnosis);
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
      std::to_string(working) + (working == 1 ? " EFA device works" : " EFA devices work");
  if (!node.live) return devices + " as far as files show";
  if (highest.rung >= Rung::kFabric) return devices;
  return devices + " up to the rung " + rung_text(highest.rung) + "; libfabric could not be asked";
}

std::string summary_of(const Node& node, const Diagnosis& diagnosis) {
  switch (diagnosis.verdict) {
    case Verdict::kHealthy:
      return working_words(node, diagnosis.funnel);
    case Verdict::kNotApplicable:
      return "no EFA is expected: " + diagnosis.expectation.why;
    case Verdict::kUnknown: {
      for (const Finding& finding : diagnosis.findings) {
        const bool blind =
            finding.result == FindingResult::kUnknown && finding.severity == Severity::kCritical;
        if (blind) return "could not look: " + finding.subject + ": " + finding.message;
      }
      return "could not look: the machine's devices cannot be read";
    }
    default:
      return cause_words(diagnosis);
  }
}

}  // namespace

Verdict verdict_of(const Node& node, const Expectation& expectation,
                   const std::vector<Finding>& findings) {
  if (any(findings, FindingResult::kFail, Severity::kCritical)) return Verdict::kUnhealthy;
  const bool blind = node.pci.outcome.status != ProbeStatus::kOk || !node.pci.facts.functions ||
                     !node.pci.facts.unidentified.empty() || !node.kernel.facts.release;
  if (blind && !(expectation.exactly == 0)) return Verdict::kUnknown;
  if (!expectation.expected) return Verdict::kNotApplicable;
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
  lead_by_returning(findings, history, now.boot_ms);
  return concluded(node, expectation, std::move(findings));
}

}  // namespace efa
