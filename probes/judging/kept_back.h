// Which of the machine's RDMA devices a container, or this network namespace, does not have.
// Interface: netns_mode of ib_core, rdma-system(8).
#pragma once

#include "probes/judging/node.h"

namespace efa {

// A container that may do all that the host may has all of the host's devices too.
bool is_confined(const LimitsFacts& limits);
// Where namespaces do not share RDMA devices, only its device node's class shows that it has one.
bool is_elsewhere(const Node& node, const PciAddress& address);
// The device node is in a container that has no RDMA device of its own: it may have been given it,
// and cannot open it, or the host's /dev may have been mounted there.
bool is_perhaps_kept_back(const Node& node, const PciAddress& address);

}  // namespace efa
