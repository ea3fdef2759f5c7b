#include "agent/account/fleet_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "agent/diagnose/diagnosis.h"
#include "probes/account/checks.h"
#include "probes/account/fleet.h"
#include "probes/account/own_judge.h"
#include "probes/base/text.h"
#include "probes/judging/table.h"

namespace efa {
namespace {

void count(const Finding& finding, std::map<std::string_view, CheckCounts>& counts) {
  CheckCounts& of_check = counts[finding.check->code];
  switch (finding.result) {
    case FindingResult::kPass:
      ++of_check.passed;
      break;
    case FindingResult::kFail:
      ++of_check.failed;
      break;
    case FindingResult::kUnknown:
      ++of_check.unknown;
      break;
    case FindingResult::kNotApplicable:
      ++of_check.not_applicable;
      break;
  }
}

// What passes is counted only: of 5,000 instances it would be 100,000 findings.
std::vector<Finding> judged(const AccountFacts& facts, const FleetTerms& terms,
                            std::map<std::string_view, CheckCounts>& counts) {
  Findings findings([&](const Finding& finding) {
    count(finding, counts);
    return finding.result == FindingResult::kFail || finding.result == FindingResult::kUnknown;
  });
  judge_account(facts, terms.wishes, findings);
  std::vector<Finding> kept = findings.take();
  for (Finding& finding : kept) finding.drain_first = finding.check->drain_first;
  explain(kept);
  weigh(kept, terms.weights);
  std::erase_if(kept, [&](const Finding& finding) {
    const bool off = finding.result == FindingResult::kNotApplicable;
    if (off) counts[finding.check->code] = {};
    return off;
  });
  return kept;
}

size_t count_efa(const AccountFacts& facts) {
  size_t count = 0;
  for (const AccountInstance& instance : facts.instances) count += efa_interfaces(instance).size();
  return count;
}

Verdict verdict_of(const FleetReport& report) {
  std::vector<const Finding*> findings;
  for (const Finding& finding : report.findings) findings.push_back(&finding);
  const Verdict verdict = verdict_of(findings, count_efa(report.facts) > 0);
  const bool known = !report.facts.instances.empty() && is_whole(report.facts, kInstancesSection);
  return known || verdict == Verdict::kUnhealthy ? verdict : Verdict::kUnknown;
}

// In a template one stands for all that it launches.
const char* word_of_one(const AccountFacts& facts) {
  return is_of_template(facts) ? "launch definition" : "instance";
}

std::string cause_words(const FleetReport& report) {
  if (report.root_causes.empty()) return "";
  const std::string& code = report.root_causes.front();
  std::set<std::string> subjects;
  const Check* check = nullptr;
  for (const Finding& finding : report.findings) {
    if (finding.check->code != code || finding.result != FindingResult::kFail) continue;
    subjects.insert(finding.subject);
    check = finding.check.get();
  }
  const size_t more = report.root_causes.size() - 1;
  const AccountFacts& facts = report.facts;
  const bool of_instances = !subjects.empty() && is_instance_of(facts, *subjects.begin());
  const std::string whom =
      of_instances ? fmt::format("{} of {}", subjects.size(),
                                 counted(facts.instances.size(), word_of_one(facts)))
                   : join(std::vector<std::string>(subjects.begin(), subjects.end()), ", ");
  return fmt::format("{}: {}{}", whom, check == nullptr ? code : check->title,
                     more == 0 ? "" : fmt::format("; {} other cause{}", more, more > 1 ? "s" : ""));
}

std::string blind_words(const FleetReport& report) {
  const AccountFacts& facts = report.facts;
  if (!is_whole(facts, kInstancesSection)) {
    return "the instances are not known: " + why_not_whole(facts, kInstancesSection);
  }
  if (facts.instances.empty()) {
    return is_of_template(facts)
               ? fmt::format("{} launches no instance", report.fleet)
               : fmt::format("no running instance in {} is {}", facts.region, report.fleet);
  }
  for (const Finding& finding : report.findings) {
    const bool blind =
        finding.result == FindingResult::kUnknown && finding.check->severity == Severity::kCritical;
    if (blind) return fmt::format("could not look: {}: {}", finding.subject, finding.message);
  }
  return "could not look";
}

std::string summary_of(const FleetReport& report) {
  const AccountFacts& facts = report.facts;
  const std::string all = counted(facts.instances.size(), word_of_one(facts));
  switch (report.verdict) {
    case Verdict::kHealthy:
      return fmt::format("AWS {} what EFA needs: {}, {}",
                         is_of_template(facts) ? "will provide" : "provides", all,
                         counted(count_efa(facts), "EFA interface"));
    case Verdict::kNotApplicable:
      return fmt::format("none of {} has an EFA interface", all);
    case Verdict::kUnknown:
      return blind_words(report);
    default:
      return cause_words(report);
  }
}

}  // namespace

std::string counted(size_t count, const char* word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

Verdict verdict_of(const std::vector<const Finding*>& findings, bool has_efa) {
  const auto any = [&](FindingResult result, Severity severity) {
    return std::any_of(findings.begin(), findings.end(), [&](const Finding* finding) {
      return finding->result == result && finding->check->severity == severity;
    });
  };
  if (any(FindingResult::kFail, Severity::kCritical)) return Verdict::kUnhealthy;
  if (any(FindingResult::kUnknown, Severity::kCritical)) return Verdict::kUnknown;
  if (any(FindingResult::kFail, Severity::kWarning)) return Verdict::kDegraded;
  return has_efa ? Verdict::kHealthy : Verdict::kNotApplicable;
}

std::string explained_by_account(const std::string& instance, const std::string& node_code,
                                 const std::vector<Finding>& findings) {
  const Check* check = find_check(node_code);
  if (check == nullptr) return "";
  for (const std::string_view cause : check->causes) {
    const bool fails = std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
      return finding.result == FindingResult::kFail && finding.subject == instance &&
             finding.check->code == cause;
    });
    if (fails) return std::string(cause);
  }
  return "";
}

FleetReport judge_fleet(AccountFacts facts, const ProbeOutcome& outcome, const std::string& fleet,
                        const FleetTerms& terms) {
  FleetReport report;
  report.fleet = fleet;
  report.facts = std::move(facts);
  tell_of_outcome(report.facts, outcome);
  report.findings = judged(report.facts, terms, report.counts);
  report.root_causes = root_causes_of(report.findings);
  report.verdict = verdict_of(report);
  report.summary = summary_of(report);
  return report;
}

}  // namespace efa
