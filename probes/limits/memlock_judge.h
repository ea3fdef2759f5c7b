// The part of the judge of limits that is about locked memory.
#pragma once

#include "probes/node.h"

namespace efa {

void judge_memlock(const Node& node, Findings& findings);

}  // namespace efa
