// Findings of the commands that test several nodes, for a person and for a program. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/report/page.h"
#include "probes/base/value.h"
#include "probes/judging/check.h"
#include "probes/judging/words.h"

namespace efa {

inline bool is_failing(const Finding& finding) {
  return finding.result == FindingResult::kFail;
}

// The gravest first; each code once, with its fix.
void put_causes(TextPage& page, const std::vector<Finding>& findings);
// What could not be known, and why.
void put_unknown(TextPage& page, const std::vector<Finding>& findings);

// What every report of theirs begins with.
struct ReportHead {
  const char* schema;
  int64_t started_at_ms = 0;  // Unix time
  int64_t duration_ms = 0;
  Verdict verdict = Verdict::kUnknown;
  std::string summary;
  std::vector<std::string> root_causes;
};
Value head_value(const ReportHead& head);

Array findings_value(const std::vector<Finding>& findings);

}  // namespace efa
