// Which kernel the boot loader starts next, and whether it has the driver.
#pragma once

#include "probes/kernel/facts.h"
#include "probes/protocol/probe_main.h"

namespace efa {

void read_next_kernel(const Look& look, KernelFacts& facts);

}  // namespace efa
