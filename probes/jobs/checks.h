// The checks of the processes that use EFA: their codes and texts. A code is API: never renamed,
// never reused.
#pragma once

#include "probes/protocol/check.h"

namespace efa {

inline constexpr Check kJobsChecks[] = {
    {"jobs.memlock-low",
     Severity::kInfo,
     Actor::kJobOwner,
     Rung::kNone,
     "A process that uses EFA may lock little memory",
     "It fails when it registers more: error -12 of fi_mr_reg, 4112 of the efa provider.",
     "Max locked memory in /proc/<pid>/limits is below 16 GiB and the process lacks "
     "CAP_IPC_LOCK.",
     "Start the job with ulimit -l unlimited, a container with --ulimit memlock=-1; IPC_LOCK helps "
     "one that runs as root.",
     "",
     {"limits.memlock-low", "limits.container-memlock-low"}},
};

}  // namespace efa
