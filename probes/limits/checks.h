// The checks of limits: their codes and texts. A code is API: never renamed, never reused.
#pragma once

#include "probes/protocol/check.h"

namespace efa {

inline constexpr Check kLimitsChecks[] = {
    {"limits.memlock-low",
     Severity::kWarning,
     Actor::kImageOwner,
     Rung::kNone,
     "A scheduler's daemon may lock little memory",
     "Jobs that it starts inherit the limit and fail to register memory: error -12, 4112.",
     "Max locked memory in /proc/<pid>/limits is below 16 GiB.",
     "Set LimitMEMLOCK=infinity in the service's unit and restart it.",
     "",
     {}},
    {"limits.container-memlock-low",
     Severity::kInfo,
     Actor::kImageOwner,
     Rung::kNone,
     "A container runtime may lock little memory",
     "Containers that neither have IPC_LOCK nor a memlock limit of their own fail to register "
     "memory.",
     "Max locked memory in /proc/<pid>/limits is below 16 GiB.",
     "Set LimitMEMLOCK=infinity in the runtime's unit, or give the containers IPC_LOCK.",
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
