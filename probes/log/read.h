// What probe-log looks at.
#pragma once

#include "probes/protocol/probe_main.h"

namespace efa {

void read_log(const Look& look);

}  // namespace efa
