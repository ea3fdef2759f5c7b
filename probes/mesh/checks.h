// The checks of the nodes of a job that met each other: their codes and texts. efa-doctor mesh
// judges them, no pass does. A code is API: never renamed, never reused.
#pragma once

#include "probes/judging/check.h"

namespace efa {

inline constexpr Check kMeshSplitByPlace{
    .code = "mesh.split-by-place",
    .severity = Severity::kCritical,
    .actor = Actor::kAccountOwner,
    .title = "What AWS was told parts the nodes: those that differ in it do not reach each other",
    .meaning =
        "Jobs on nodes of one part work, jobs that span two hang or fail. No node is broken.",
    .seen_by =
        "Every test of two nodes that differ in their availability zone, VPC, instance type, "
        "security "
        "groups, subnet or placement group fails, and none of two that agree in it does for that.",
    .remedy =
        "Availability zone, VPC, placement group: launch the nodes of a job in one. Security "
        "groups: "
        "give the EFA interfaces of all nodes one group that allows all traffic to and from "
        "itself, in "
        "both directions; efa-doctor account tells which rules there are. Until then run jobs on "
        "the "
        "nodes of one part.",
    .command = "efa-doctor account",
};

inline constexpr Check kMeshSplitBySoftware{
    .code = "mesh.split-by-software",
    .severity = Severity::kCritical,
    .actor = Actor::kImageOwner,
    .title = "A version parts the nodes: those that differ in it do not reach each other",
    .meaning = "Jobs on nodes of one version work, jobs that span two hang or fail.",
    .seen_by =
        "Every test of two nodes that differ in the version of driver, rdma-core or kernel fails, "
        "and "
        "none of two that agree in it does for that.",
    .remedy = "Launch all nodes of a job from one image.",
};

inline constexpr Check kMeshSplit{
    .code = "mesh.split",
    .severity = Severity::kCritical,
    .actor = Actor::kAccountOwner,
    .title = "The nodes fall into parts that do not reach each other",
    .meaning =
        "Jobs on nodes of one part work, jobs that span two hang or fail. No node is broken.",
    .seen_by =
        "Nodes that work with others fail with each other, and no test between the two sides "
        "succeeds. What the nodes tell of themselves does not explain it.",
    .remedy =
        "Look for a rule that differs between the sides: security groups of their EFA interfaces, "
        "network ACLs. efa-doctor account tells which there are.",
    .command = "efa-doctor account",
};

inline constexpr Check kMeshNoneWorks{
    .code = "mesh.none-works",
    .severity = Severity::kCritical,
    .actor = Actor::kAccountOwner,
    .title = "No two of the nodes reach each other over EFA",
    .meaning = "Jobs on these nodes hang or fail.",
    .seen_by = "Every test of two nodes fails. Of two nodes alone neither can be blamed.",
    .remedy =
        "Where all fail for one cause, it is common to all: most often a security group without "
        "the "
        "rule to and from itself in both directions. efa-doctor explain and the cause that is "
        "named "
        "here tell more; efa-doctor account tells which rules there are.",
    .command = "efa-doctor account",
};

inline constexpr Check kMeshNodeFails{
    .code = "mesh.node-fails",
    .severity = Severity::kCritical,
    .actor = Actor::kAwsSupport,
    .title = "A node works with none of the others, which work with each other",
    .meaning = "Jobs with this node hang or fail.",
    .seen_by =
        "Its tests with two nodes and more fail, which work with others; where the nodes fall into "
        "sides, with each of them.",
    .remedy =
        "Drain the node. On it, efa-doctor --once says whether it knows the cause itself; where it "
        "knows "
        "none, replace the instance, and give AWS Support the report.",
    .command = "efa-doctor --once",
};

inline constexpr Check kMeshFewerDevices{
    .code = "mesh.fewer-devices",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .title = "A node has fewer EFA devices than the others",
    .meaning = "Jobs that use all devices of each node fail or slow down with this node.",
    .seen_by =
        "More than half of the nodes of its instance type list more EFA devices than it does.",
    .remedy =
        "On the node, efa-doctor --once says which devices are missing, why, and who mends it.",
    .command = "efa-doctor --once",
};

inline constexpr Check kMeshPairFails{
    .code = "mesh.pair-fails",
    .severity = Severity::kWarning,
    .actor = Actor::kAwsSupport,
    .title = "Two nodes do not reach each other, though each works with others",
    .meaning = "Jobs with both may hang or fail.",
    .seen_by = "Their test fails, and those of each with others do not.",
    .remedy =
        "Test the two again with efa-doctor pair. Where it fails again, give AWS Support that "
        "report, "
        "and keep the two out of one job.",
    .command = "efa-doctor pair server",
};

inline constexpr Check kMeshSlow{
    .code = "mesh.slow",
    .severity = Severity::kWarning,
    .actor = Actor::kAwsSupport,
    .title = "A node is slower than the others",
    .meaning = "A job that waits for all its nodes is as slow as this one.",
    .seen_by =
        "The best bandwidth that it reached with two nodes and more is below 0.7 of the median "
        "node's, "
        "also with one that is not slow itself.",
    .remedy =
        "Look whether something else uses the node. Otherwise run the job without it, and give AWS "
        "Support the report.",
};

inline constexpr Check kMeshAbsent{
    .code = "mesh.absent",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .title = "A node did not take part",
    .meaning = "Nothing is known of it. A job that waits for it hangs at its start.",
    .seen_by = "Its rank did not connect to rank 0 in time.",
    .remedy =
        "Look at the node and at its own output: whether the task was started there, has "
        "efa-doctor "
        "and the token, and may connect to rank 0's TCP port.",
};

inline constexpr Check kMeshLost{
    .code = "mesh.lost",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .title = "A node was lost during the test",
    .meaning = "Little is known of it. A job with it would have ended here.",
    .seen_by = "The connection of its rank to rank 0 ended, or said nothing for four seconds.",
    .remedy = "Look at the node: whether it still runs, and why the task ended there.",
};

inline constexpr const Check* kMeshChecks[] = {
    &kMeshSplitByPlace, &kMeshSplitBySoftware, &kMeshSplit, &kMeshNoneWorks, &kMeshNodeFails,
    &kMeshFewerDevices, &kMeshPairFails,       &kMeshSlow,  &kMeshAbsent,    &kMeshLost};

}  // namespace efa
