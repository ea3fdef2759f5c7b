#include "agent/diagnose/diagnosis.h"

#include <algorithm>
#include <map>

#include "agent/diagnose/gravity.h"
#include "agent/diagnose/history.h"
#include "agent/diagnose/summary.h"
#include "probes/cloud/checks.h"
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

struct Rank {
  Severity gravity = Severity::kInfo;  // the gravest that it explains
  Rung rung = Rung::kNone;             // at which it strikes
};

}  // namespace

// By gravity, then by rung, by name.
std::vector<Cause> causes_of(const std::vector<Finding>& findings) {
  std::map<std::string_view, Rank> by_code;
  for (const Finding& finding : findings) {
    if (finding.result != FindingResult::kFail) continue;
    const bool root = finding.explained_by.empty();
    Rank& cause = by_code[root ? finding.check->code : std::string_view(finding.explained_by)];
    cause.gravity = std::min(cause.gravity, finding.check->severity);
  }
  for (const Finding& finding : findings) {
    const auto cause = by_code.find(finding.check->code);
    if (cause != by_code.end()) cause->second.rung = finding.check->rung;
  }
  std::vector<Cause> causes;
  for (const auto& [code, rank] : by_code) causes.push_back({std::string(code), rank.gravity});
  const auto rank = [&](const Cause& cause) {
    return std::pair(cause.gravity, by_code.at(cause.code).rung);
  };
  std::stable_sort(causes.begin(), causes.end(),
                   [&](const Cause& a, const Cause& b) { return rank(a) < rank(b); });
  return causes;
}

std::vector<std::string> root_causes_of(const std::vector<Finding>& findings) {
  std::vector<std::string> codes;
  for (Cause& cause : causes_of(findings)) {
    if (cause.gravity != Severity::kInfo) codes.push_back(std::move(cause.code));
  }
  return codes;
}

Verdict verdict_of(const Node& node, const Expectation& expectation,
                   const std::vector<Finding>& findings) {
  if (any(findings, FindingResult::kFail, Severity::kCritical)) return Verdict::kUnhealthy;
  const bool blind = node.pci.outcome.status != ProbeStatus::kOk || !node.pci.facts.functions ||
                     may_hide_efa(node, expectation) || !node.kernel.facts.release;
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
