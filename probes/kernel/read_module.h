// What probe-kernel looks at where efa does not drive all that it should: the module's own file.
#pragma once

#include "probes/kernel/facts.h"
#include "probes/protocol/probe_main.h"

namespace efa {

void read_module_on_disk(const Look& look, KernelFacts& facts);

}  // namespace efa
