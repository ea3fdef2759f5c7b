// What holds of every report, whatever went into it.
#pragma once

#include "agent/pass/conclude.h"

namespace efa {

// Ends the process when one of them does not.
void claim(bool holds, const char* what);

// The recording's pass to its end: a report that can be read again, within the bounds of its
// readers; and a next pass that can begin from what this one remembers.
void claim_of_pass(const Recording& recording, const std::vector<ProbeRun>& runs);

}  // namespace efa
