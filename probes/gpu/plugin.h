// NCCL's plugin for EFA (aws-ofi-nccl) that lies on this node, of which some releases leave dma-buf
// alone. A container brings one of its own: what is said holds for programs that use this one.
#pragma once

#include <optional>

#include "probes/base/version.h"
#include "probes/judging/node.h"

namespace efa {

// By the EFA installer's list, "libnccl-ofi-1.20.0-1", "libnccl-ofi-ngc-v3_1.20.0-1_amd64"; nothing
// where no plugin lies in its place, or none is in the list.
std::optional<Version> plugin_version(const SoftwareFacts& software);
// It offers NCCL no dma-buf on this node's EFA devices, unless a job's environment says otherwise.
bool leaves_out_dmabuf(const Version& plugin, const GpuFacts& facts);

void judge_plugin_needs_p2p(const Node& node, const Expectation& expectation, Findings& findings);
void judge_gda(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
