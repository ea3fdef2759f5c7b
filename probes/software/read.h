// What probe-software looks at.
#pragma once

#include "probes/protocol/probe_main.h"

namespace efa {

void read_software(const Look& look);

}  // namespace efa
