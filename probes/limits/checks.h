// The checks of limits: their codes and texts. A code is API: never renamed, never reused.
#pragma once

#include "probes/judging/check.h"

namespace efa {

inline constexpr const char* kContainerMemlock =
    "In the container's manifest: ulimit memlock -1 (docker run --ulimit memlock=-1, ulimits of "
    "ECS and Batch); in Kubernetes IPC_LOCK, for a container that runs as root.";

inline constexpr Check kLimitsMemlockLow{
    .code = "limits.memlock-low",
    .severity = Severity::kWarning,
    .actor = Actor::kImageOwner,
    .title = "Where this node's jobs come from, little memory may be locked",
    .meaning = "Jobs inherit the limit and fail to register memory: error -12, 4112.",
    .seen_by =
        "Max locked memory of the scheduler's daemon (/proc/<pid>/limits, or LimitMEMLOCK of its "
        "unit where it does not run), of a login by ssh (limits.conf) on a node without scheduler "
        "and containers, or of the job that asks, is below 16 GiB.",
    .remedy =
        "Set LimitMEMLOCK=infinity in the service's unit, memlock in limits.d for logins. Drain "
        "the node before its daemon is restarted; jobs that run keep the old limit.",
    .drain_first = true,
    .in_container = kContainerMemlock,
};

inline constexpr Check kLimitsContainerMemlockLow{
    .code = "limits.container-memlock-low",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "A container runtime may lock little memory",
    .meaning =
        "Containers without a memlock limit of their own inherit it and fail to register memory; "
        "IPC_LOCK helps only those that run as root.",
    .seen_by =
        "Max locked memory of the runtime (/proc/<pid>/limits, or LimitMEMLOCK of its unit where "
        "it does not run), or of the container that asks, is below 16 GiB. A warning while a "
        "container's process has EFA open under that limit, or the container that asks was given "
        "EFA devices, and CAP_IPC_LOCK is not effective.",
    .remedy =
        "Drain the node, then set LimitMEMLOCK=infinity in the runtime's unit and restart it. Or "
        "in the container's manifest: ulimit memlock -1 (docker run --ulimit memlock=-1, ulimits "
        "of ECS and Batch); in Kubernetes IPC_LOCK, for a container that runs as root.",
    .drain_first = true,
    .in_container = kContainerMemlock,
    .on_bottlerocket =
        "In the container's manifest: ulimit memlock -1 (docker run --ulimit memlock=-1, ulimits "
        "of ECS and Batch); in Kubernetes IPC_LOCK, for a container that runs as root. Or in "
        "Bottlerocket's settings: settings.oci-defaults.resource-limits.",
};

inline constexpr Check kLimitsShellMemlockLow{
    .code = "limits.shell-memlock-low",
    .severity = Severity::kInfo,
    .actor = Actor::kNodeOperator,
    .title = "A shell may lock little memory",
    .meaning =
        "What a user starts from it fails to register memory: error -12, 4112. Jobs of a scheduler "
        "and containers have limits of their own.",
    .seen_by =
        "Max locked memory of the process that asks, or of a login by ssh (sshd and limits.conf), "
        "is below 16 GiB.",
    .remedy = "Start jobs where ulimit -l says unlimited; for logins set memlock in limits.d.",
    .in_container = kContainerMemlock,
};

inline constexpr Check kLimitsHugePagesFew{
    .code = "limits.huge-pages-few",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "Few huge pages for the endpoints of libfabric",
    .meaning = "libfabric falls back to small pages, which is slower.",
    .seen_by = "nr_hugepages of 2 MiB is below 55 for each CPU and one.",
    .remedy =
        "Reserve them at boot, with the node drained: they are taken from the memory of jobs. The "
        "EFA installer's efa_hugepages.sh does the same.",
    .drain_first = true,
    .on_bottlerocket =
        "Reserve them at boot: settings.kernel.hugepages.static in Bottlerocket's user data; then "
        "drain the node and reboot.",
};

inline constexpr Check kLimitsPtraceRestricted{
    .code = "limits.ptrace-restricted",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "Processes of one node cannot read each other's memory",
    .meaning = "libfabric does not use shared memory between processes of this node; slower there.",
    .seen_by = "/proc/sys/kernel/yama/ptrace_scope is not 0.",
    .remedy =
        "Allow it where jobs run, or leave it where security asks for it. Of ptrace_scope 3 only a "
        "reboot leads back: drain the node.",
    .command =
        "echo 'kernel.yama.ptrace_scope = 0' | sudo tee /etc/sysctl.d/zz-ptrace.conf && sudo "
        "sysctl -p /etc/sysctl.d/zz-ptrace.conf",
    .on_bottlerocket =
        "Set kernel.yama.ptrace_scope under settings.kernel.sysctl of Bottlerocket to 0, or leave "
        "it where security asks for it.",
};

inline constexpr const Check* kLimitsChecks[] = {&kLimitsMemlockLow, &kLimitsContainerMemlockLow,
                                                 &kLimitsShellMemlockLow, &kLimitsHugePagesFew,
                                                 &kLimitsPtraceRestricted};

struct Node;
struct Expectation;
class Findings;
void judge_limits(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
