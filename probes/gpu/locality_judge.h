// Whether each GPU has an EFA device beside it.
#pragma once

#include "probes/judging/node.h"

namespace efa {

void judge_locality(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
