#include "agent/diagnose/diagnosis.h"

#include <algorithm>

namespace efa {
namespace {

Severity severity_of(const Finding& finding) {
  const Check* check = find_check(finding.code);
  return check == nullptr ? Severity::kWarning : check->severity;
}

bool any(const std::vector<Finding>& findings, FindingResult result, Severity severity) {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
    return finding.result == result && severity_of(finding) == severity;
  });
}

// Each code once; the gravest first, then by the rung at which it strikes, then by name.
std::vector<std::string> root_causes_of(const std::vector<Finding>& findings) {
  std::vector<std::string> causes;
  for (const Finding& finding : findings) {
    const bool root = finding.result == FindingResult::kFail && finding.explained_by.empty() &&
                      severity_of(finding) != Severity::kInfo;
    const bool known = std::find(causes.begin(), causes.end(), finding.code) != causes.end();
    if (root && !known) causes.push_back(finding.code);
  }
  // an info that explains something worse is its root cause too
  for (const Finding& finding : findings) {
    const bool known =
        std::find(causes.begin(), causes.end(), finding.explained_by) != causes.end();
    if (!finding.explained_by.empty() && !known && severity_of(finding) != Severity::kInfo) {
      causes.push_back(finding.explained_by);
    }
  }
  std::stable_sort(causes.begin(), causes.end(), [](const std::string& a, const std::string& b) {
    const Check* first = find_check(a);
    const Check* second = find_check(b);
    return first != nullptr && second != nullptr && first->severity < second->severity;
  });
  return causes;
}

size_t subjects_of(const std::vector<Finding>& findings, const std::string& code,
                   std::string& first) {
  size_t count = 0;
  for (const Finding& finding : findings) {
    if (finding.code != code || finding.result != FindingResult::kFail) continue;
    if (count++ == 0) first = finding.subject + ": " + finding.message;
  }
  return count;
}

std::string cause_words(const Diagnosis& diagnosis) {
  if (diagnosis.root_causes.empty()) return "";
  std::string first;
  const std::string& code = diagnosis.root_causes.front();
  const size_t count = subjects_of(diagnosis.findings, code, first);
  const size_t more = diagnosis.root_causes.size() - 1;
  return first + (count > 1 ? " (and " + std::to_string(count - 1) + " more)" : "") +
         (more > 0 ? "; " + std::to_string(more) + " other cause" + (more > 1 ? "s" : "") : "");
}

// The devices that reached the highest rung that was looked at.
int working_devices(const std::vector<FunnelStage>& funnel) {
  int count = 0;
  for (const FunnelStage& stage : funnel) {
    if (stage.rung >= Rung::kPci && stage.count) count = *stage.count;
  }
  return count;
}

std::string summary_of(const Node& node, const Diagnosis& diagnosis) {
  const int working = working_devices(diagnosis.funnel);
  const std::string devices =
      std::to_string(working) + (working == 1 ? " EFA device works" : " EFA devices work");
  switch (diagnosis.verdict) {
    case Verdict::kHealthy:
      return node.live ? devices : devices + " as far as files show";
    case Verdict::kNotApplicable:
      return "no EFA is expected: " + diagnosis.expectation.why;
    case Verdict::kUnknown: {
      for (const Finding& finding : diagnosis.findings) {
        const bool blind = finding.result == FindingResult::kUnknown &&
                           severity_of(finding) == Severity::kCritical;
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
  const bool blind = !node.pci.facts.functions || !node.pci.facts.unidentified.empty() ||
                     !node.kernel.facts.release;
  if (blind && !(expectation.exactly == 0)) return Verdict::kUnknown;
  if (!expectation.expected) return Verdict::kNotApplicable;
  if (any(findings, FindingResult::kUnknown, Severity::kCritical)) return Verdict::kUnknown;
  if (any(findings, FindingResult::kFail, Severity::kWarning)) return Verdict::kDegraded;
  return Verdict::kHealthy;
}

Diagnosis diagnose(const Node& node, const Expectation& expectation) {
  Diagnosis diagnosis;
  diagnosis.expectation = expectation;
  diagnosis.findings = judge_all(node, expectation);
  explain(diagnosis.findings);
  diagnosis.funnel = funnel_of(node, expectation, diagnosis.findings);
  diagnosis.verdict = verdict_of(node, expectation, diagnosis.findings);
  diagnosis.root_causes = root_causes_of(diagnosis.findings);
  diagnosis.summary = summary_of(node, diagnosis);
  return diagnosis;
}

}  // namespace efa
