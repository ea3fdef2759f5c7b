// The part of probe-gpu that looks at the NVIDIA driver's own files.
#pragma once

#include "probes/gpu/facts.h"
#include "probes/protocol/probe_main.h"

namespace efa {

void read_nvidia(const Look& look, GpuFacts& facts);

}  // namespace efa
