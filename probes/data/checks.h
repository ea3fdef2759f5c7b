// The checks of the data path: their codes and texts. A code is API: never renamed, never reused.
#pragma once

#include "probes/judging/check.h"

namespace efa {

// What takes a device off a lower rung.
inline constexpr Causes kBelowData = {
    "pci.config-space-dead", "rdma.counters-hang", "verbs.hang",
    "rdma.counters-fail",    "verbs.cannot-open",  "node.missing",
    "node.restricted-mode",  "node.cannot-open",   "rdma.not-registered",
    "log.driver-crash",      "data.hang"};

inline constexpr Check kDataLoopbackFails{
    .code = "data.loopback-fails",
    .severity = Severity::kCritical,
    .actor = Actor::kAwsSupport,
    .rung = Rung::kData,
    .title = "An EFA device does not move data",
    .meaning = "Jobs fail or compute with wrong data once they send over the device.",
    .seen_by =
        "A message of random bytes over an SRD queue pair to the device's own address completes "
        "with an error, is not received, or arrives as other bytes.",
    .remedy =
        "Drain the node, then stop and start the instance, or replace it, and give AWS Support the "
        "report.",
    .command = "efa-doctor --once --data",
    .drain_first = true,
    .causes = kBelowData,
};

inline constexpr Check kDataLoopbackUnreachable{
    .code = "data.loopback-unreachable",
    .severity = Severity::kCritical,
    .actor = Actor::kAwsSupport,
    .rung = Rung::kData,
    .title = "An EFA device does not reach its own address",
    .meaning = "Jobs likely fail or wait once they send over the device.",
    .seen_by =
        "A message to the device's own address ends with status 13 (unresponsive) or 15 "
        "(unreachable), or with none in time, though the device answers the driver and another "
        "device of the node reaches its own. Where none does it is unknown: a security group "
        "without the rule to and from itself looks so, and that EFA carries messages within a "
        "node at all is not documented.",
    .remedy =
        "Likely the device: drain the node, then stop and start the instance, or replace it. Only "
        "when its interface has another security group than those of the others, look at that: "
        "efa-doctor account.",
    .command = "efa-doctor --once --data",
    .drain_first = true,
    .causes = kBelowData,
};

inline constexpr Check kDataHang{
    .code = "data.hang",
    .severity = Severity::kCritical,
    .actor = Actor::kAwsSupport,
    .rung = Rung::kData,
    .title = "Using an EFA device hangs",
    .meaning = "A program that sets up a queue pair on the device waits up to 30 s and fails.",
    .seen_by =
        "A step of the data test did not end in time: the driver holds the caller, whom no signal "
        "can end, and no other probe was answered.",
    .remedy =
        "Drain the node, then stop and start the instance, or replace it. Until then keep jobs off "
        "it.",
    .command = "sudo dmesg | grep -i 'efa.*admin'",
    .drain_first = true,
    .causes = {"pci.config-space-dead", "rdma.counters-hang", "verbs.hang", "rdma.counters-fail",
               "verbs.cannot-open", "node.missing", "node.restricted-mode", "node.cannot-open",
               "log.driver-crash"},
};

inline constexpr Check kDataCountersStill{
    .code = "data.counters-still",
    .severity = Severity::kCritical,
    .actor = Actor::kAwsSupport,
    .rung = Rung::kData,
    .title = "An EFA device does not count what was sent over it",
    .meaning =
        "The bytes went another way than this device, or its counters are dead: what monitoring "
        "shows of it is wrong.",
    .seen_by =
        "Messages to the device's own address arrived, but its send_bytes or recv_bytes grew by "
        "less, while another device of the node counted its own.",
    .remedy =
        "Drain the node, then stop and start the instance, or replace it; if it stays, give AWS "
        "Support the report.",
    .command = "grep . /sys/class/infiniband/*/ports/1/hw_counters/send_bytes",
    .drain_first = true,
    .causes = kBelowData,
};

inline constexpr Check kDataOtherDeviceMoved{
    .code = "data.other-device-moved",
    .severity = Severity::kWarning,
    .actor = Actor::kNodeOperator,
    .title = "Another EFA device counted what was sent",
    .meaning = "Jobs that are bound to one device use another.",
    .seen_by =
        "send_bytes of this device stood still, and that of an idle other one grew by what was "
        "sent here beside its own.",
    .remedy = "Bind the devices to the driver anew once the node is drained, and report it.",
    .command = "rdma link",
    .causes = kBelowData,
};

inline constexpr Check kDataCannotRegister{
    .code = "data.cannot-register",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .rung = Rung::kData,
    .title = "No memory may be registered with an EFA device",
    .meaning = "Every program under the same limit fails to start on EFA.",
    .seen_by =
        "ibv_reg_mr(3) of 16 KiB fails with ENOMEM or EPERM, and the limit of locked memory is "
        "lower than that.",
    .remedy =
        "Raise the limit where it is set: ulimit -l of the shell, /etc/security/limits.conf, or "
        "LimitMEMLOCK= of the service that started efa-doctor.",
    .command = "ulimit -l",
    .causes = kBelowData,
};

inline constexpr Check kDataCannotCreate{
    .code = "data.cannot-create",
    .severity = Severity::kCritical,
    .actor = Actor::kAwsSupport,
    .rung = Rung::kData,
    .takes_neighbours = true,
    .title = "A queue pair cannot be set up on an EFA device",
    .meaning = "Every program fails once it uses the device.",
    .seen_by =
        "A call that sets up a protection domain, completion queue, memory region, SRD queue pair "
        "or address handle fails; the kernel log names the command that the device refused.",
    .remedy =
        "Read the error and the kernel log; when the device refuses, drain the node, then stop and "
        "start the instance, or replace it, and give AWS Support the report.",
    .command = "sudo dmesg | grep -i efa",
    .drain_first = true,
    .causes = kBelowData,
};

inline constexpr Check kDataRingFails{
    .code = "data.ring-fails",
    .severity = Severity::kWarning,
    .actor = Actor::kAccountOwner,
    .title = "An EFA device does not reach the next one of this node",
    .meaning = "Jobs that send between the two likely fail or wait.",
    .seen_by =
        "Each device reaches its own address, but a message from one to the next completes with an "
        "error, not at all, or arrives as other bytes.",
    .remedy =
        "Likely a security group: those of both interfaces must allow all traffic to and from each "
        "other. efa-doctor account tells.",
    .command = "efa-doctor account",
    .in_container = "Run efa-doctor account where AWS credentials are.",
    .causes = {"data.loopback-fails", "data.loopback-unreachable", "data.hang"},
};

inline constexpr Check kDataInUse{
    .code = "data.in-use",
    .severity = Severity::kInfo,
    .actor = Actor::kNodeOperator,
    .title = "An EFA device is in use and was not tested",
    .meaning = "Whether it moves data was left to the processes that use it.",
    .seen_by = "A process has its node under /dev/infiniband open, or another data test runs.",
    .remedy = "Nothing; or test again when the node is drained.",
    .command = "efa-doctor --once --data",
};

inline constexpr const Check* kDataChecks[] = {
    &kDataLoopbackFails, &kDataLoopbackUnreachable, &kDataHang,
    &kDataCountersStill, &kDataOtherDeviceMoved,    &kDataCannotRegister,
    &kDataCannotCreate,  &kDataRingFails,           &kDataInUse};

struct Node;
struct Expectation;
class Findings;
void judge_data(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
