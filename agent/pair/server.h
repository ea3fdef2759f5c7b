// efa-doctor pair server: waits for clients, and does for each what it asks of the devices of this
// node. One client is served at a time; whatever becomes of one, the next is served.
#pragma once

#include "agent/pair/device_end.h"
#include "agent/pair/options.h"

namespace efa {

// Returns the exit code.
int run_pair_server(const PairGround& ground, const PairOptions& options);

}  // namespace efa
