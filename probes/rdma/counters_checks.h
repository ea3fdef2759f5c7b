// The checks of the growth of counters: their codes and texts. A code is API: never renamed, never
// reused.
#pragma once

#include "probes/judging/check.h"

namespace efa {

// What keeps the counters from being read.
inline constexpr Causes kCountersNotRead = {"pci.config-space-dead", "rdma.counters-hang",
                                            "rdma.counters-fail"};

inline constexpr Check kCountersNoCompletion{
    .code = "counters.no-completion",
    .severity = Severity::kWarning,
    .actor = Actor::kAwsSupport,
    .title = "An EFA device left commands of the driver unanswered",
    .meaning =
        "The device fails, or soon will: after one such command the driver fails all later ones.",
    .seen_by = "hw_counters/no_completion_cmds grew since an earlier pass.",
    .remedy = "Drain the node, then stop and start or replace the instance.",
    .drain_first = true,
    .causes = kCountersNotRead,
};

inline constexpr Check kCountersKeepAliveStopped{
    .code = "counters.keep-alive-stopped",
    .severity = Severity::kWarning,
    .actor = Actor::kAwsSupport,
    .title = "An EFA device has stopped sending keep-alives",
    .meaning = "The device's firmware may have died; the driver itself does nothing about it.",
    .seen_by =
        "hw_counters/keep_alive_rcvd stands still for many times the period seen on this node.",
    .remedy =
        "Watch the device's counters; if jobs fail too, drain the node, then stop and start or "
        "replace the instance.",
    .command = "grep . /sys/class/infiniband/*/hw_counters/keep_alive_rcvd",
    .drain_first = true,
    .causes = kCountersNotRead,
};

inline constexpr Check kCountersCommandErrors{
    .code = "counters.command-errors",
    .severity = Severity::kInfo,
    .actor = Actor::kNodeOperator,
    .title = "An EFA device refuses many commands of the driver",
    .meaning = "Registrations or queues of jobs fail.",
    .seen_by = "hw_counters/cmds_err grows faster than the limit.",
    .remedy = "Read the kernel log: err -12 is a lack of resources, usually a job's.",
    .command = "sudo dmesg | grep -i efa | tail",
    .causes = kCountersNotRead,
};

inline constexpr Check kCountersResourceErrors{
    .code = "counters.resource-errors",
    .severity = Severity::kInfo,
    .actor = Actor::kJobOwner,
    .title = "Processes failed to get resources of an EFA device",
    .meaning =
        "Memory registrations, queues or protection domains were refused; the job that asked fails "
        "or is slow.",
    .seen_by =
        "alloc_*_err, create_*_err, reg_mr_err, get_dma_mr_err or mmap_err grew since an earlier "
        "pass. Where EFA does not reach the memory of the GPUs, libfabric's test of it at each "
        "start lets reg_mr_err grow: there it counts only if cmds_err grew, too.",
    .remedy =
        "Look for processes that hold many resources; raise memlock and huge pages. efa 2.8 keeps "
        "some of what each opening takes (alloc_ucontext_err grows): update the driver.",
    .command = "rdma resource show",
    .causes = kCountersNotRead,
};

inline constexpr Check kCountersReceiveDrops{
    .code = "counters.receive-drops",
    .severity = Severity::kWarning,
    .actor = Actor::kJobOwner,
    .title = "An EFA device drops many received packets",
    .meaning = "Peers retransmit; jobs are slow.",
    .seen_by = "ports/1/hw_counters/rx_drops grows faster than the limit.",
    .remedy = "Find the job whose processes do not keep up.",
    .causes = kCountersNotRead,
};

inline constexpr Check kCountersRdmaErrors{
    .code = "counters.rdma-errors",
    .severity = Severity::kInfo,
    .actor = Actor::kJobOwner,
    .title = "Many RDMA operations of an EFA device fail",
    .meaning = "Usually a peer's process ended or freed its memory.",
    .seen_by = "rdma_read_wr_err or rdma_write_wr_err grows faster than the limit.",
    .remedy = "Look at the job's log and at its peers.",
    .causes = kCountersNotRead,
};

inline constexpr Check kCountersRemoteUnresponsive{
    .code = "counters.remote-unresponsive",
    .severity = Severity::kWarning,
    .actor = Actor::kJobOwner,
    .title = "Peers of an EFA device do not respond",
    .meaning = "Jobs hang or fail; usually a peer died, or a security group cuts it off.",
    .seen_by =
        "unresponsive_remote_events or impaired_remote_conn_events grows faster than the limit "
        "(Nitro v4 and later).",
    .remedy = "Look at the peers first; then at the security group's rules to and from itself.",
    .causes = kCountersNotRead,
};

inline constexpr Check kCountersRetransmissions{
    .code = "counters.retransmissions",
    .severity = Severity::kWarning,
    .actor = Actor::kAwsSupport,
    .title = "An EFA device retransmits much",
    .meaning = "The network between this node and its peers loses packets; jobs are slow.",
    .seen_by =
        "retrans_bytes, retrans_pkts or retrans_timeout_events grows faster than its limit (Nitro "
        "v4 and later).",
    .remedy = "If it lasts, give AWS Support the report and the times.",
    .causes = kCountersNotRead,
};

inline constexpr const Check* kCountersChecks[] = {
    &kCountersNoCompletion,       &kCountersKeepAliveStopped, &kCountersCommandErrors,
    &kCountersResourceErrors,     &kCountersReceiveDrops,     &kCountersRdmaErrors,
    &kCountersRemoteUnresponsive, &kCountersRetransmissions};

struct Node;
struct Expectation;
class Findings;
void judge_counters(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
