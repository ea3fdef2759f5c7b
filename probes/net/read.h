// What probe-net looks at.
#pragma once

#include "probes/protocol/probe_main.h"

namespace efa {

void read_net(const Look& look);

}  // namespace efa
