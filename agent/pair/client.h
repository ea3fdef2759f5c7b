// efa-doctor pair client: tests the devices of this node against those of a server's, and says what
// does not work and why.
#pragma once

#include "agent/pair/device_end.h"
#include "agent/pair/options.h"

namespace efa {

// Returns the exit code.
int run_pair_client(const PairGround& ground, const PairOptions& options);

}  // namespace efa
