#include <algorithm>

#include "agent/diagnose/diagnosis.h"
#include "probes/protocol/bounds.h"

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
    for (const Check* check : judge.checks()) {
      if (check->code == code) return check;
    }
  }
  return nullptr;
}

namespace {

// Whatever a kernel, a file or a site's probe said: what quotes it stays short.
void cut_texts(Finding& finding) {
  finding.subject = cut(std::move(finding.subject), kMaxSubject);
  Evidence& evidence = finding.evidence;
  for (std::string* text :
       {&finding.message, &evidence.observed, &evidence.expected, &evidence.source}) {
    *text = cut(std::move(*text), kMaxWords);
  }
}

}  // namespace

std::vector<Finding> judge_all(const Node& node, const Expectation& expectation) {
  Findings findings;
  for (const Judge& judge : table()) judge.judge(node, expectation, findings);
  std::vector<Finding> all = findings.take();
  for (Finding& finding : all) cut_texts(finding);
  std::stable_sort(all.begin(), all.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.check->code, a.subject) < std::tie(b.check->code, b.subject);
  });
  return all;
}

}  // namespace efa
