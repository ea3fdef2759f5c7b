// What this end says of itself: versions, devices, and what the metadata service says of its place.
#pragma once

#include "agent/pair/device_end.h"
#include "agent/pair/options.h"
#include "agent/pair/protocol.h"

namespace efa {

// An error where --device names none of them.
Result<PairHello> read_hello(const PairGround& ground, const PairOptions& options);

}  // namespace efa
