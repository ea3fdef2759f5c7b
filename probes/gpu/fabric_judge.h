// Fabric Manager: GPUs with switches between them start no CUDA program before it has set those up.
#pragma once

#include "probes/judging/node.h"

namespace efa {

// Of a node whose GPUs have NVIDIA's driver.
void judge_fabric_manager(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
