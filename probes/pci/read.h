// What probe-pci looks at.
#pragma once

#include "probes/protocol/probe_main.h"

namespace efa {

void read_pci(const Look& look);

}  // namespace efa
