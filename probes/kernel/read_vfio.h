// What gives EFA functions to vfio-pci at each boot.
#pragma once

#include "probes/kernel/facts.h"
#include "probes/protocol/probe_main.h"

namespace efa {

void read_vfio(const Look& look, KernelFacts& facts);

}  // namespace efa
