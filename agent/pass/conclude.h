// From what a pass saw to its report, and to what the next pass shall know. The same for a pass
// that just ended and for one that was recorded.
#pragma once

#include <vector>

#include "agent/pass/recording.h"
#include "agent/report/report.h"

namespace efa {

struct Conclusion {
  Report report;
  State after;  // what to remember
};

Result<Conclusion> conclude(const Recording& recording, const std::vector<ProbeRun>& runs);

}  // namespace efa
