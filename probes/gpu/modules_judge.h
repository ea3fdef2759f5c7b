// Modules beside NVIDIA's that must have been built for the driver that is loaded.
#pragma once

#include "probes/judging/node.h"

namespace efa {

void judge_peermem_stale(const Node& node, Findings& findings);
void judge_gdrcopy(const GpuFacts& facts, Findings& findings);

}  // namespace efa
