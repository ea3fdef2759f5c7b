// From the agent's command line to the executable that moves data between nodes.
#pragma once

#include "agent/config/config.h"
#include "agent/mesh/options.h"

namespace efa {

// Both return only when they cannot: the exit code.
int become_pair(const Config& config, PairOptions options);
int become_mesh(const Config& config, MeshOptions options);

}  // namespace efa
