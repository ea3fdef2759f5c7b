// The checks of the growth of counters: their codes and texts. A code is API: never renamed, never
// reused.
#pragma once

#include "probes/protocol/check.h"

namespace efa {

// What keeps the counters from being read.
inline constexpr Causes kCountersNotRead = {"pci.config-space-dead", "rdma.counters-hang",
                                            "rdma.counters-fail"};

inline constexpr Check kCountersChecks[] = {
    {"counters.no-completion", Severity::kWarning, Actor::kAwsSupport, Rung::kNone,
     "An EFA device left commands of the driver unanswered",
     "The device is about to fail: after one such command the driver fails all later ones.",
     "hw_counters/no_completion_cmds grew since an earlier pass.",
     "Keep new jobs off the node; stop and start or replace the instance.", "", kCountersNotRead},
    {"counters.keep-alive-stopped", Severity::kWarning, Actor::kAwsSupport, Rung::kNone,
     "An EFA device has stopped sending keep-alives",
     "The device's firmware may have died; the driver itself does nothing about it.",
     "hw_counters/keep_alive_rcvd stands still for many times the period seen on this node.",
     "Watch the device's counters; if jobs fail too, stop and start or replace the instance.",
     "grep . /sys/class/infiniband/*/hw_counters/keep_alive_rcvd", kCountersNotRead},
    {"counters.command-errors", Severity::kInfo, Actor::kNodeOperator, Rung::kNone,
     "An EFA device refuses many commands of the driver", "Registrations or queues of jobs fail.",
     "hw_counters/cmds_err grows faster than the limit.",
     "Read the kernel log: err -12 is a lack of resources, usually a job's.",
     "sudo dmesg | grep -i efa | tail", kCountersNotRead},
    {"counters.resource-errors", Severity::kInfo, Actor::kJobOwner, Rung::kNone,
     "Processes failed to get resources of an EFA device",
     "Memory registrations, queues or protection domains were refused; the job that asked fails "
     "or is slow.",
     "alloc_*_err, create_*_err, reg_mr_err, get_dma_mr_err or mmap_err grew since an earlier "
     "pass.",
     "Look for processes that hold many resources; raise memlock and huge pages.",
     "rdma resource show", kCountersNotRead},
    {"counters.receive-drops", Severity::kWarning, Actor::kJobOwner, Rung::kNone,
     "An EFA device drops many received packets", "Peers retransmit; jobs are slow.",
     "ports/1/hw_counters/rx_drops grows faster than the limit.",
     "Find the job whose processes do not keep up.", "", kCountersNotRead},
    {"counters.rdma-errors", Severity::kInfo, Actor::kJobOwner, Rung::kNone,
     "Many RDMA operations of an EFA device fail",
     "Usually a peer's process ended or freed its memory.",
     "rdma_read_wr_err or rdma_write_wr_err grows faster than the limit.",
     "Look at the job's log and at its peers.", "", kCountersNotRead},
    {"counters.remote-unresponsive", Severity::kWarning, Actor::kJobOwner, Rung::kNone,
     "Peers of an EFA device do not respond",
     "Jobs hang or fail; usually a peer died, or a security group cuts it off.",
     "unresponsive_remote_events or impaired_remote_conn_events grows faster than the limit "
     "(Nitro v4 and later).",
     "Look at the peers first; then at the security group's rules to and from itself.", "",
     kCountersNotRead},
    {"counters.retransmissions", Severity::kWarning, Actor::kAwsSupport, Rung::kNone,
     "An EFA device retransmits much",
     "The network between this node and its peers loses packets; jobs are slow.",
     "retrans_bytes, retrans_pkts or retrans_timeout_events grows faster than its limit (Nitro "
     "v4 "
     "and later).",
     "If it lasts, give AWS Support the report and the times.", "", kCountersNotRead},
};

}  // namespace efa
