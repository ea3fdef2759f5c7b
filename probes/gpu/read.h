// What probe-gpu looks at.
#pragma once

#include "probes/protocol/probe_main.h"

namespace efa {

void read_gpu(const Look& look);

}  // namespace efa
