// From the runs of the probes to the typed facts that judges see.
#pragma once

#include <vector>

#include "agent/run/runner.h"
#include "probes/judging/node.h"

namespace efa {

// Facts of the wrong shape make the probe's outcome kFailed; those before them stay.
Node node_of(const std::vector<ProbeRun>& runs, bool live);

}  // namespace efa
