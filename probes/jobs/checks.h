// The checks of the processes that use EFA: their codes and texts. A code is API: never renamed,
// never reused.
#pragma once

#include "probes/judging/check.h"

namespace efa {

inline constexpr Check kJobsMemlockLow{
    .code = "jobs.memlock-low",
    .severity = Severity::kInfo,
    .actor = Actor::kJobOwner,
    .title = "A process that uses EFA may lock little memory",
    .meaning = "It fails when it registers more: error -12 of fi_mr_reg, 4112 of the efa provider.",
    .seen_by =
        "Max locked memory in /proc/<pid>/limits is below 16 GiB and the process lacks "
        "CAP_IPC_LOCK.",
    .remedy =
        "Start the job with ulimit -l unlimited, a container with --ulimit memlock=-1; IPC_LOCK "
        "helps one that runs as root.",
    .causes = {"limits.memlock-low", "limits.container-memlock-low"},
};

inline constexpr const Check* kJobsChecks[] = {&kJobsMemlockLow};

struct Node;
struct Expectation;
class Findings;
void judge_jobs(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
