#include <algorithm>

#include "agent/diagnose/diagnosis.h"

namespace efa {
namespace {

const std::vector<Judge>& table() {
  static const std::vector<Judge> kJudges{
      pci_judge(),    kernel_judge(),   rdma_judge(),    verbs_judge(),
      fabric_judge(), counters_judge(), limits_judge(),  log_judge(),
      cloud_judge(),  jobs_judge(),     outcome_judge(), site_judge(),
  };
  return kJudges;
}

}  // namespace

std::span<const Judge> judges() {
  return table();
}

const Check* find_check(std::string_view code) {
  for (const Judge& judge : table()) {
    for (const Check& check : judge.checks()) {
      if (check.code == code) return &check;
    }
  }
  return nullptr;
}

void complete(Finding& finding) {
  const Check* check = find_check(finding.code);
  if (check == nullptr) return;
  finding.severity = check->severity;
  finding.actor = check->actor;
  finding.title = check->title;
  finding.remedy = check->remedy;
  if (finding.command.empty()) finding.command = check->command;
}

std::vector<Finding> judge_all(const Node& node, const Expectation& expectation) {
  Findings findings;
  for (const Judge& judge : table()) judge.judge(node, expectation, findings);
  std::vector<Finding> all = findings.take();
  for (Finding& finding : all) complete(finding);
  std::stable_sort(all.begin(), all.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.code, a.subject) < std::tie(b.code, b.subject);
  });
  return all;
}

}  // namespace efa
