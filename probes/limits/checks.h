// The checks of limits: their codes and texts. A code is API: never renamed, never reused.
#pragma once

#include "probes/protocol/check.h"

namespace efa {

inline constexpr Check kLimitsChecks[] = {
    {"limits.memlock-low",
     Severity::kWarning,
     Actor::kImageOwner,
     Rung::kNone,
     "Where this node's jobs come from, little memory may be locked",
     "Jobs inherit the limit and fail to register memory: error -12, 4112.",
     "Max locked memory of the scheduler's daemon (/proc/<pid>/limits, or LimitMEMLOCK of its unit "
     "where it does not run), of a login by ssh (limits.conf) on a node without scheduler and "
     "containers, or of the job that asks, is below 16 GiB.",
     "Set LimitMEMLOCK=infinity in the service's unit, memlock in limits.d for logins. Drain the "
     "node before its daemon is restarted; jobs that run keep the old limit.",
     "",
     {}},
    {"limits.container-memlock-low",
     Severity::kInfo,
     Actor::kImageOwner,
     Rung::kNone,
     "A container runtime may lock little memory",
     "Containers without a memlock limit of their own inherit it and fail to register memory; "
     "IPC_LOCK helps only those that run as root.",
     "Max locked memory of the runtime (/proc/<pid>/limits, or LimitMEMLOCK of its unit where it "
     "does not run), or of the container that asks, is below 16 GiB.",
     "Set LimitMEMLOCK=infinity in the runtime's unit; drain the node before the restart. Or in "
     "the container's manifest: ulimit memlock -1 (docker run --ulimit memlock=-1, ulimits of ECS "
     "and Batch); in Kubernetes IPC_LOCK, for a container that runs as root.",
     "",
     {}},
    {"limits.shell-memlock-low",
     Severity::kInfo,
     Actor::kNodeOperator,
     Rung::kNone,
     "A shell may lock little memory",
     "What a user starts from it fails to register memory: error -12, 4112. Jobs of a scheduler "
     "and containers have limits of their own.",
     "Max locked memory of the process that asks, or of a login by ssh (sshd and limits.conf), is "
     "below 16 GiB.",
     "Start jobs where ulimit -l says unlimited; for logins set memlock in limits.d.",
     "",
     {}},
    {"limits.huge-pages-few",
     Severity::kInfo,
     Actor::kImageOwner,
     Rung::kNone,
     "Few huge pages for the endpoints of libfabric",
     "libfabric falls back to small pages, which is slower.",
     "nr_hugepages of 2 MiB is below 55 for each CPU and one.",
     "Reserve them at boot; the EFA installer's efa_hugepages.sh does.",
     "",
     {}},
    {"limits.ptrace-restricted",
     Severity::kInfo,
     Actor::kImageOwner,
     Rung::kNone,
     "Processes of one node cannot read each other's memory",
     "libfabric does not use shared memory between processes of this node; slower there.",
     "/proc/sys/kernel/yama/ptrace_scope is not 0.",
     "Allow it where jobs run, or leave it where security asks for it.",
     "sudo sysctl -w kernel.yama.ptrace_scope=0",
     {}},
};

}  // namespace efa
