// Is EFA expected on this node, and how much of it. What lies in the image is no sign of it:
// images carry the EFA software to nodes that are meant to have none.
#pragma once

#include "agent/config/expect.h"
#include "agent/diagnose/scope.h"
#include "probes/judging/instance_types.h"
#include "probes/judging/node.h"

namespace efa {

// Of a node without those devices that are out of the scope.
Expectation expectation_of(const Node& node, const ExpectSetting& setting,
                           const InstanceTypes& types, const Scope& scope = {}, Past past = {});

}  // namespace efa
