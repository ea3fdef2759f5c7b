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

inline constexpr Check kJobsKilledForMemory{
    .code = "jobs.killed-for-memory",
    .severity = Severity::kInfo,
    .actor = Actor::kJobOwner,
    .title = "A process of a job that uses EFA was killed for lack of memory",
    .meaning =
        "Its peers see error 9 (BAD_DEST_QPN) or a remote that no longer responds; the network is "
        "not why.",
    .seen_by =
        "/dev/kmsg has a line oom-kill: whose task_memcg is the control group of a job that has an "
        "EFA device open.",
    .remedy = "Give the job more memory, or let it use less: fewer processes, smaller buffers.",
    .command = "sudo dmesg | grep -i oom-kill",
};

inline constexpr const Check* kJobsChecks[] = {&kJobsMemlockLow, &kJobsKilledForMemory};

struct Node;
struct Expectation;
class Findings;
void judge_jobs(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
