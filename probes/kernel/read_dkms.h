// What DKMS has built, and what it could not build.
#pragma once

#include "probes/kernel/facts.h"
#include "probes/protocol/probe_main.h"

namespace efa {

void read_dkms(const Look& look, KernelFacts& facts);

}  // namespace efa
