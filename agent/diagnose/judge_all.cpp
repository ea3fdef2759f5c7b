#include <algorithm>
#include <tuple>

#include "agent/diagnose/diagnosis.h"
#include "probes/base/bounds.h"
#include "probes/judging/remedy.h"
#include "probes/judging/table.h"

namespace efa {
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
  for (const ProbeRow& row : probe_table()) {
    for (const Judge& judge : row.judges) {
      if (judge.judge != nullptr) judge.judge(node, expectation, findings);
    }
  }
  judge_outcomes(node, expectation, findings);
  judge_sites(node, findings);
  std::vector<Finding> all = findings.take();
  weigh(all, expectation.weights);
  complete_remedies(node, all);
  for (Finding& finding : all) cut_texts(finding);
  std::stable_sort(all.begin(), all.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.check->code, a.subject) < std::tie(b.check->code, b.subject);
  });
  return all;
}

}  // namespace efa
