// What is said of the libfabric that lies on the node, where GPU memory has one way only.
#pragma once

#include "probes/gpu/ways.h"
#include "probes/judging/node.h"

namespace efa {

// `p2p`, `dmabuf`: the ways of a node whose type demands one.
void judge_old_libfabric(const Node& node, const WayIn& p2p, const WayIn& dmabuf,
                         Findings& findings);

}  // namespace efa
