// What probe-cloud looks at.
#pragma once

#include "probes/protocol/probe_main.h"

namespace efa {

void read_cloud(const Look& look);

}  // namespace efa
