// efa-doctor pair, in the executable that links libibverbs.
#pragma once

#include "agent/pair/options.h"
#include "probes/data/library.h"

namespace efa {

// Returns the exit code.
int run_pair(const PairOptions& options, DataLibrary& library);

}  // namespace efa
