// What the nodes' own reports add to a fleet: codes and texts. A code is API: never renamed, never
// reused.
#pragma once

#include "probes/judging/check.h"

namespace efa {

inline constexpr Check kAccountInterfaceLost{
    .code = "account.interface-lost",
    .severity = Severity::kCritical,
    .actor = Actor::kAwsSupport,
    .title = "An EFA interface is attached of which the node has no device",
    .meaning = "One device fewer than paid for; jobs that use every rail run on fewer or fail.",
    .seen_by =
        "DescribeInstances lists an attached interface of type efa or efa-only; no EFA device in "
        "the node's newest report has its MAC, and no function on PCI is left that it could be.",
    .remedy = "Drain the node, then stop and start the instance, or replace it.",
    .drain_first = true,
};

inline constexpr const Check* kAccountNodeChecks[] = {&kAccountInterfaceLost};

struct AccountFacts;
class Findings;
void judge_account_nodes(const AccountFacts& facts, Findings& findings);

}  // namespace efa
