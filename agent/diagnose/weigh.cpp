// The configuration's own weight of single checks, put on what the judges found.

#include <fmt/core.h>

#include "agent/diagnose/diagnosis.h"
#include "probes/judging/words.h"

namespace efa {
namespace {

void turn_off(Finding& finding) {
  finding.message = fmt::format("turned off in the configuration ({}): {}",
                                result_text(finding.result), finding.message);
  finding.result = FindingResult::kNotApplicable;
}

}  // namespace

void weigh(std::vector<Finding>& findings, const Weights& weights) {
  for (Finding& finding : findings) {
    const auto weight = weights.find(finding.check->code);
    if (weight == weights.end() || !finding.configured.empty()) continue;
    finding.configured = weight_text(weight->second);
    if (weight->second) {
      finding.check = weighed(finding.check, *weight->second);
    } else {
      turn_off(finding);
    }
  }
}

}  // namespace efa
