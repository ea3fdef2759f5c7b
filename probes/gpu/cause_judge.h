// What closes a way to the memory of NVIDIA's GPUs: a check for each cause.
#pragma once

#include "probes/judging/node.h"

namespace efa {

// P2P: the proprietary driver, an efa that is too old for the driver, a shim that is not loaded.
void judge_closed_p2p(const Node& node, Findings& findings);
// dma-buf on Grace: what the driver refuses to map by PCIe.
void judge_refused_mapping(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
