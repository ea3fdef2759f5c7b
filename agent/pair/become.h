// From the agent's command line to the executable that tests a pair of nodes.
#pragma once

#include "agent/config/config.h"
#include "agent/pair/options.h"

namespace efa {

// Returns only when it cannot: the exit code.
int become_pair(const Config& config, PairOptions options);

}  // namespace efa
