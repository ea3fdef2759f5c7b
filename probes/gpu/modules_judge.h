// Modules beside NVIDIA's: built for the driver that is loaded, and without a fault that it logs.
#pragma once

#include "probes/judging/node.h"

namespace efa {

void judge_peermem_stale(const Node& node, Findings& findings);
void judge_misaligned(const Node& node, Findings& findings);
void judge_gdrcopy(const GpuFacts& facts, Findings& findings);

}  // namespace efa
