// What a container sees of the machine: only granted GPUs, and none of the machine's services.
#pragma once

#include "probes/judging/node.h"

namespace efa {

inline bool is_container(const Node& node) {
  return node.gpu.facts.covered == true || node.limits.facts.container;
}

inline bool may_be_container(const Node& node) {
  return is_container(node) || node.gpu.facts.covered.unreadable() != nullptr ||
         node.limits.outcome.status != ProbeStatus::kOk;
}

}  // namespace efa
