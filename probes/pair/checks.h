// The checks of a pair of nodes: their codes and texts. efa-doctor pair judges them, no pass does.
// A code is API: never renamed, never reused.
#pragma once

#include "probes/judging/check.h"

namespace efa {

inline constexpr Check kPairNoControlTimeout{
    .code = "pair.no-control-timeout",
    .severity = Severity::kCritical,
    .actor = Actor::kAccountOwner,
    .title = "The other node does not answer on the control connection",
    .meaning = "Nothing is known of EFA between the two nodes yet.",
    .seen_by = "connect(2) to the server's TCP port ends in a time-out, or no way leads there.",
    .remedy =
        "Let the client's address reach that TCP port: a rule of the server's security group, its"
        " network ACL, its own firewall, the route. Then try again.",
};

inline constexpr Check kPairNoControlRefused{
    .code = "pair.no-control-refused",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .title = "No server listens on the other node",
    .meaning = "Nothing is known of EFA between the two nodes yet.",
    .seen_by = "connect(2) to the server's TCP port is refused.",
    .remedy = "Start the server there, and give the client the port that it names.",
    .command = "efa-doctor pair server",
};

inline constexpr Check kPairNoControlName{
    .code = "pair.no-control-name",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .title = "The name of the other node is not known",
    .meaning = "Nothing is known of EFA between the two nodes yet.",
    .seen_by = "getaddrinfo(3) finds no address of the name.",
    .remedy = "Give the other node's IP address, or a name that resolves here.",
};

inline constexpr Check kPairRefused{
    .code = "pair.refused",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .title = "The other node refuses the control connection",
    .meaning = "Nothing is known of EFA between the two nodes yet.",
    .seen_by =
        "The server knows another token, tests with another client already, or did not understand"
        " what it was told; it says which.",
    .remedy =
        "Give the client the token that the server printed, or both the same file with --token-"
        "file; or wait until the other client is served.",
};

inline constexpr Check kPairZoneDiffers{
    .code = "pair.zone-differs",
    .severity = Severity::kCritical,
    .actor = Actor::kAccountOwner,
    .title = "The two nodes are in different availability zones",
    .meaning = "EFA does not cross availability zones: jobs that span the two hang or fail.",
    .seen_by = "placement/availability-zone-id of the two nodes' metadata differ.",
    .remedy =
        "Launch the nodes of a job in one availability zone, for example in one cluster placement"
        " group.",
};

inline constexpr Check kPairVpcDiffers{
    .code = "pair.vpc-differs",
    .severity = Severity::kCritical,
    .actor = Actor::kAccountOwner,
    .title = "The two nodes are in different VPCs",
    .meaning =
        "EFA does not cross VPCs, not peered ones either: jobs that span the two hang or fail.",
    .seen_by = "The two nodes' metadata name no VPC that both have an interface in.",
    .remedy = "Launch the nodes of a job in one VPC.",
};

inline constexpr Check kPairNoCommonGroup{
    .code = "pair.no-common-group",
    .severity = Severity::kCritical,
    .actor = Actor::kAccountOwner,
    .title = "The two nodes share no security group, and do not reach each other",
    .meaning =
        "EFA traffic passes only where security groups allow all traffic to and from each other: "
        "jobs that span the two hang or fail.",
    .seen_by =
        "security-group-ids of the two nodes' metadata have none in common, and a message does "
        "not arrive.",
    .remedy =
        "Give the EFA interfaces of both nodes one common group that allows all traffic to and "
        "from itself, in both directions. efa-doctor account tells which rules there are.",
    .command = "efa-doctor account",
};

inline constexpr Check kPairTypesIncompatible{
    .code = "pair.types-incompatible",
    .severity = Severity::kCritical,
    .actor = Actor::kJobOwner,
    .title = "The two nodes are of instance types that do not talk over EFA",
    .meaning = "Jobs that span the two hang or fail.",
    .seen_by =
        "One is a P4d, P4de or DL1 and the other is none of these: AWS does not support EFA "
        "between them.",
    .remedy = "Run the job on instances of one type.",
};

inline constexpr Check kPairAddressRefused{
    .code = "pair.address-refused",
    .severity = Severity::kCritical,
    .actor = Actor::kAccountOwner,
    .title = "A device refuses the address of the other node's device",
    .meaning = "Jobs fail once they connect the two.",
    .seen_by = "ibv_create_ah(3) of the peer's GID fails.",
    .remedy =
        "Likely the two are in different availability zones or subnets without a way: launch them"
        " in one zone. If they are, give AWS Support the report.",
};

inline constexpr Check kPairUnreachable{
    .code = "pair.unreachable",
    .severity = Severity::kCritical,
    .actor = Actor::kAccountOwner,
    .title = "A device does not reach its peer",
    .meaning = "Jobs that span the two hang or fail.",
    .seen_by =
        "The peer had its receive posted and answers on the control connection, but the first "
        "message ends with status 13 (unresponsive) or 15 (unreachable), or with none in time.",
    .remedy =
        "Likely a security group: those of both EFA interfaces must allow all traffic to and from"
        " each other, in both directions; a rule for addresses does not count. efa-doctor account"
        " names what is missing.",
    .command = "efa-doctor account",
};

inline constexpr Check kPairPeerGone{
    .code = "pair.peer-gone",
    .severity = Severity::kCritical,
    .actor = Actor::kJobOwner,
    .title = "The other end went away during the test",
    .meaning = "Nothing is known of the devices that were not tested yet.",
    .seen_by =
        "The control connection ended or stayed silent, or the process that used the device "
        "ended.",
    .remedy =
        "See why it ended there (killed, out of memory, the node itself), and run the test again.",
};

inline constexpr Check kPairLostMidway{
    .code = "pair.lost-midway",
    .severity = Severity::kCritical,
    .actor = Actor::kAwsSupport,
    .title = "A device stops reaching its peer after messages had passed",
    .meaning = "Jobs fail after a while.",
    .seen_by = "Status 13 or 15, or silence, after messages between the two had arrived.",
    .remedy =
        "Run the test again; when it stays, drain the node, then stop and start the instance, or "
        "replace it, and give AWS Support the report with the retransmissions in it.",
    .drain_first = true,
};

inline constexpr Check kPairWrongQueue{
    .code = "pair.wrong-queue",
    .severity = Severity::kCritical,
    .actor = Actor::kJobOwner,
    .title = "A message went to a queue pair that is not there",
    .meaning = "The test itself went wrong: its peer's address was stale.",
    .seen_by = "Status 9 (bad queue pair number), though the peer has just told it.",
    .remedy = "Run the test again; when it stays, report it as a fault of efa-doctor.",
};

inline constexpr Check kPairNotReady{
    .code = "pair.not-ready",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .title = "The peer was not ready to receive",
    .meaning = "Messages come faster than the other node takes them.",
    .seen_by = "Status 10 (receiver not ready), though the peer had its receive posted.",
    .remedy =
        "See what keeps the other node's processors busy, and run the test again on two idle "
        "nodes.",
};

inline constexpr Check kPairVersionMismatch{
    .code = "pair.version-mismatch",
    .severity = Severity::kCritical,
    .actor = Actor::kImageOwner,
    .title = "The two nodes' versions do not fit",
    .meaning = "Jobs that span the two fail, or this test cannot be made.",
    .seen_by =
        "Status 18 (feature mismatch), or efa-doctor on the other node speaks another protocol. "
        "Versions of both are told.",
    .remedy = "Run the same versions of the EFA driver, rdma-core and efa-doctor on both nodes.",
};

inline constexpr Check kPairMemlock{
    .code = "pair.memlock",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .title = "The memory for the test may not be registered",
    .meaning = "Every program under the same limit that registers as much fails.",
    .seen_by =
        "ibv_reg_mr(3) fails with ENOMEM or EPERM, or libfabric ends for want of memory, and the "
        "limit of locked memory is lower than what it is for.",
    .remedy =
        "Raise the limit where it is set: ulimit -l of the shell, /etc/security/limits.conf, or "
        "LimitMEMLOCK= of the service; or ask for smaller --sizes.",
    .command = "ulimit -l",
};

inline constexpr Check kPairCannotCreate{
    .code = "pair.cannot-create",
    .severity = Severity::kCritical,
    .actor = Actor::kAwsSupport,
    .title = "A queue pair cannot be set up on a device",
    .meaning = "Every program fails once it uses the device.",
    .seen_by = "A call that sets up the device for the test fails.",
    .remedy = "Look at that node alone first: its own test names the cause.",
    .command = "efa-doctor --once --data",
};

inline constexpr Check kPairHang{
    .code = "pair.hang",
    .severity = Severity::kCritical,
    .actor = Actor::kAwsSupport,
    .title = "Using a device hangs",
    .meaning = "A program that sets up a queue pair on the device waits up to 30 s and fails.",
    .seen_by = "A step of the test did not end in time.",
    .remedy = "Look at that node alone first: its own test names the cause.",
    .command = "efa-doctor --once --data",
};

inline constexpr Check kPairFails{
    .code = "pair.fails",
    .severity = Severity::kCritical,
    .actor = Actor::kAwsSupport,
    .title = "A message ends with an error",
    .meaning = "Jobs fail once they send over the device.",
    .seen_by =
        "A completion has an error that names neither the way nor the peer's state; vendor_err is"
        " the device's own word for it.",
    .remedy = "Test each node by itself; when both pass, give AWS Support the report.",
    .command = "efa-doctor --once --data",
};

inline constexpr Check kPairCorrupt{
    .code = "pair.corrupt",
    .severity = Severity::kCritical,
    .actor = Actor::kAwsSupport,
    .title = "Other bytes arrive than were sent",
    .meaning = "Jobs compute with wrong data.",
    .seen_by =
        "A message or an RDMA write completes well, and what lies at the peer differs from what "
        "was sent, or the peer received nothing.",
    .remedy =
        "Drain both nodes, then stop and start the instances, or replace them, and give AWS "
        "Support the report.",
    .drain_first = true,
};

inline constexpr Check kPairLibfabric{
    .code = "pair.libfabric",
    .severity = Severity::kCritical,
    .actor = Actor::kImageOwner,
    .title = "libfabric does not move data between two devices",
    .meaning = "MPI and NCCL jobs that load this libfabric hang, fail, or fall back to TCP.",
    .seen_by =
        "A message by the fabric \"efa\" of an installed libfabric ends with an error or does not "
        "come, between devices that move the same bytes without it.",
    .remedy =
        "Install the same release of the EFA installer on both nodes; the message has libfabric's "
        "own word for it and the versions of both ends.",
};

inline constexpr Check kPairSlow{
    .code = "pair.slow",
    .severity = Severity::kWarning,
    .actor = Actor::kAwsSupport,
    .title = "A device is slower than the others of its node",
    .meaning = "Jobs wait for the slowest device.",
    .seen_by =
        "Its bandwidth to its peer is below 0.7 of the median of this node's other devices to "
        "theirs, "
        "also when it is measured again in turns with one of those.",
    .remedy =
        "See whether something else uses the two devices or their processors; when it stays, "
        "drain the node, then stop and start the instance, or replace it.",
    .drain_first = true,
};

inline constexpr Check kPairInUse{
    .code = "pair.in-use",
    .severity = Severity::kInfo,
    .actor = Actor::kNodeOperator,
    .title = "A device is in use and was not tested",
    .meaning = "Nothing is known of it from this test.",
    .seen_by =
        "A process of either node holds the device's node open, or another data test holds its "
        "lock.",
    .remedy = "Run the test when no job uses the device.",
};

inline constexpr const Check* kPairChecks[] = {&kPairNoControlTimeout,
                                               &kPairNoControlRefused,
                                               &kPairNoControlName,
                                               &kPairRefused,
                                               &kPairZoneDiffers,
                                               &kPairVpcDiffers,
                                               &kPairNoCommonGroup,
                                               &kPairTypesIncompatible,
                                               &kPairAddressRefused,
                                               &kPairUnreachable,
                                               &kPairPeerGone,
                                               &kPairLostMidway,
                                               &kPairWrongQueue,
                                               &kPairNotReady,
                                               &kPairVersionMismatch,
                                               &kPairMemlock,
                                               &kPairCannotCreate,
                                               &kPairHang,
                                               &kPairFails,
                                               &kPairCorrupt,
                                               &kPairLibfabric,
                                               &kPairSlow,
                                               &kPairInUse};

}  // namespace efa
