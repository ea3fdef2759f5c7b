// efa-doctor topology: where GPUs and EFA devices hang, as text or as SVG.
#pragma once

#include "agent/cli/once.h"

namespace efa {

// Returns the exit code. Nothing is judged, kept or sent.
int run_topology(const OnceOptions& options);

}  // namespace efa
