// What probe-kernel looks at.
#pragma once

#include "probes/protocol/probe_main.h"

namespace efa {

void read_kernel(const Look& look);

}  // namespace efa
