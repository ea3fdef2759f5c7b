// EFA devices that a node had, or that AWS has attached, and that are not there: by how much that
// falls short of what the node lacks something else is wrong too.
#pragma once

#include <set>

#include "probes/judging/node.h"

namespace efa {

// Those that an earlier pass saw, or the kernel has named since boot, and that are gone.
std::set<PciAddress> vanished_devices(const Node& node, const Expectation& expectation);

// Devices that vanished or have an interface that AWS lists: the same device may be both.
bool lost_any(const Node& node, const Expectation& expectation);
// All those together are fewer than what the node lacks of `wanted`: others were never there.
bool lacks_more_than_lost(const Node& node, const Expectation& expectation, int wanted);
// The interfaces without a device are not all of those that vanished.
bool lost_beside_vanished(const Node& node, const Expectation& expectation);

}  // namespace efa
