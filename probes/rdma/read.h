// What probe-rdma looks at.
#pragma once

#include "probes/protocol/probe_main.h"

namespace efa {

void read_rdma(const Look& look);

}  // namespace efa
