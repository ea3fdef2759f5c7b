// Findings of the commands that test several nodes, for a person and for a program. Pure.
#pragma once

#include <vector>

#include "agent/report/page.h"
#include "probes/base/value.h"
#include "probes/judging/check.h"

namespace efa {

inline bool is_failing(const Finding& finding) {
  return finding.result == FindingResult::kFail;
}

// The gravest first; each code once, with its fix.
void put_causes(TextPage& page, const std::vector<Finding>& findings);
// What could not be known, and why.
void put_unknown(TextPage& page, const std::vector<Finding>& findings);

Array findings_value(const std::vector<Finding>& findings);

}  // namespace efa
