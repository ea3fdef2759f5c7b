// What probe-jobs looks at.
#pragma once

#include "probes/protocol/probe_main.h"

namespace efa {

void read_jobs(const Look& look);

}  // namespace efa
