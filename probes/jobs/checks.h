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
        "Max locked memory in /proc/<pid>/limits is below 16 GiB and CAP_IPC_LOCK is not in the "
        "effective set of the process.",
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
        "EFA device open or, within a day, had one in an earlier pass; memory.oom.group ends all "
        "processes of a container.",
    .remedy = "Give the job more memory, or let it use less: fewer processes, smaller buffers.",
    .command = "sudo dmesg | grep -i oom-kill",
};

inline constexpr Check kJobsLibfabricCrashed{
    .code = "jobs.libfabric-crashed",
    .severity = Severity::kInfo,
    .actor = Actor::kJobOwner,
    .title = "A process has crashed inside libfabric",
    .meaning =
        "Its peers see a remote that no longer responds. Known: libfabric 1.21 with memory of GPUs "
        "(ofiwg/libfabric#11628), transfers of such memory within a node (#12328).",
    .seen_by =
        "/dev/kmsg has a line of a segmentation or protection fault in libfabric.so or "
        "libefa-fi.so. It has none of a process that handles the signal itself or crashes in a "
        "function that libfabric called, and none where debug.exception-trace is 0, as on aarch64.",
    .remedy =
        "Bring the libfabric of the newest EFA installer into the job's container or environment; "
        "if it crashes within a node, try FI_EFA_ENABLE_SHM_TRANSFER=0.",
    .command = "sudo dmesg | grep -E ' in (libfabric|libefa-fi)[^ ]*\\['",
};

inline constexpr Check kJobsSettingRemoved{
    .code = "jobs.setting-removed",
    .severity = Severity::kInfo,
    .actor = Actor::kJobOwner,
    .title = "A process has a setting that libfabric has removed",
    .meaning = "libfabric ends the process, or ignores the setting.",
    .seen_by =
        "The name is in /proc/<pid>/environ, and the libfabric that is mapped in /proc/<pid>/maps "
        "is of a release that no longer takes it.",
    .remedy = "Take it out of the job's script, container or profile.",
};

inline constexpr Check kJobsSettingHarmful{
    .code = "jobs.setting-harmful",
    .severity = Severity::kInfo,
    .actor = Actor::kJobOwner,
    .title = "A process has a setting that harms it on this node",
    .meaning = "The process ends, or is slower than it need be.",
    .seen_by =
        "The setting is in /proc/<pid>/environ, and the libraries, devices and kernel are those "
        "with which it does harm.",
    .remedy = "Take it out of the job's script, container or profile.",
};

inline constexpr Check kJobsProviderExcluded{
    .code = "jobs.provider-excluded",
    .severity = Severity::kInfo,
    .actor = Actor::kJobOwner,
    .title = "A process's settings leave EFA out",
    .meaning = "It talks to other nodes by TCP, or not at all, though EFA works.",
    .seen_by =
        "FI_PROVIDER, FI_EFA_IFACE, NCCL_NET or what MPI is to choose from in /proc/<pid>/environ "
        "leaves EFA out, and no traffic was seen on the EFA devices that the process has open.",
    .remedy = "Take it out of the job's script, container or profile, unless TCP is meant.",
};

inline constexpr Check kJobsSettingsContradict{
    .code = "jobs.settings-contradict",
    .severity = Severity::kInfo,
    .actor = Actor::kJobOwner,
    .title = "Two settings of a process exclude each other",
    .meaning = "libfabric or NCCL's plugin ends the process, or refuses EFA.",
    .seen_by = "Both are in /proc/<pid>/environ.",
    .remedy = "Take one of them out of the job's script, container or profile.",
};

inline constexpr Check kJobsShmSmall{
    .code = "jobs.shm-small",
    .severity = Severity::kInfo,
    .actor = Actor::kJobOwner,
    .title = "A process that uses EFA has little shared memory",
    .meaning =
        "Processes of one node exchange data through /dev/shm: libfabric's shm provider and NCCL "
        "fail when it is full.",
    .seen_by =
        "/dev/shm, as the process sees it, is smaller than 8 GiB or has less than 64 MiB free.",
    .remedy =
        "docker run --shm-size=8g; in Kubernetes an emptyDir of medium Memory at /dev/shm; in ECS "
        "and Batch sharedMemorySize. Remove what ended jobs left in /dev/shm.",
};

inline constexpr Check kJobsEfaIdle{
    .code = "jobs.efa-idle",
    .severity = Severity::kInfo,
    .actor = Actor::kJobOwner,
    .title = "Processes with settings for EFA compute, and none has EFA open",
    .meaning =
        "Their traffic to other nodes goes by TCP, unless the job stays on this node or has not "
        "yet spoken to another one.",
    .seen_by =
        "A process has settings of libfabric or NCCL's plugin in its environment and a GPU or "
        "Neuron device open, and no process has an EFA device node open.",
    .remedy =
        "Start the job with NCCL_DEBUG=INFO, or FI_LOG_LEVEL=warn: it says which network it takes "
        "and why. A container needs the EFA devices and NCCL's plugin.",
    .command = "export NCCL_DEBUG=INFO NCCL_DEBUG_SUBSYS=INIT,NET FI_LOG_LEVEL=warn",
    .causes = {"jobs.nccl-plugin-not-found"},
};

inline constexpr Check kJobsNcclPlugin{
    .code = "jobs.nccl-plugin-not-found",
    .severity = Severity::kInfo,
    .actor = Actor::kJobOwner,
    .title = "A process does not find the NCCL plugin that this node has",
    .meaning = "NCCL says \"Using network Socket\": its traffic to other nodes goes by TCP.",
    .seen_by =
        "The process uses a GPU and NCCL with settings for EFA; libnccl-net.so is not in "
        "/proc/<pid>/maps, and lies in no directory of its LD_LIBRARY_PATH, beside NCCL, below the "
        "program or in the loader's cache; NCCL_NET_PLUGIN is not set.",
    .remedy =
        "Name the plugin's directory in LD_LIBRARY_PATH of the job: since EFA installer 1.38 it is "
        "/opt/amazon/ofi-nccl, before it was /opt/aws-ofi-nccl.",
};

inline constexpr Check kJobsEfaQuiet{
    .code = "jobs.efa-quiet",
    .severity = Severity::kInfo,
    .actor = Actor::kJobOwner,
    .title = "Processes have EFA open, and nothing passes over it",
    .meaning =
        "They wait, speak to this node alone, or have fallen back to TCP: which of these, a node "
        "does not show.",
    .seen_by =
        "The counters of packets of all EFA devices that a process has open stood still for two "
        "minutes or more, and no setting of it leaves EFA out. It never fails.",
    .remedy =
        "Where a job of several nodes is slow, start it with NCCL_DEBUG=INFO, or "
        "FI_LOG_LEVEL=warn: it says which network it takes and why.",
    .command = "export NCCL_DEBUG=INFO NCCL_DEBUG_SUBSYS=INIT,NET FI_LOG_LEVEL=warn",
};

inline constexpr Check kJobsHugePagesTaken{
    .code = "jobs.huge-pages-taken",
    .severity = Severity::kInfo,
    .actor = Actor::kJobOwner,
    .title = "All huge pages are taken",
    .meaning =
        "The next endpoint of libfabric falls back to small pages, which is slower; a pod that "
        "asks for huge pages does not start.",
    .seen_by = "Of the huge pages of 2 MiB fewer than 55, an endpoint's, are free and unreserved.",
    .remedy = "End what holds them and is not needed; the command lists the processes.",
    .command = "sudo sh -c \"grep -lE '_Hugetlb: +[1-9]' /proc/[0-9]*/smaps_rollup\"",
    .causes = {"limits.huge-pages-few"},
};

inline constexpr Check kJobsOtherLibfabric{
    .code = "jobs.other-libfabric",
    .severity = Severity::kInfo,
    .actor = Actor::kJobOwner,
    .title = "A process uses another libfabric than those that were asked",
    .meaning = "What the report says of libfabric is not said of this process.",
    .seen_by =
        "The libfabric that is mapped in /proc/<pid>/maps is in no directory whose copy was asked "
        "for its EFA devices; LD_LIBRARY_PATH, the program or a Python package has chosen it.",
    .remedy = "Put the libfabric of the EFA installer first, unless the other one is meant.",
};

inline constexpr const Check* kJobsChecks[] = {
    &kJobsMemlockLow,         &kJobsSettingRemoved,  &kJobsSettingHarmful,   &kJobsProviderExcluded,
    &kJobsSettingsContradict, &kJobsShmSmall,        &kJobsEfaIdle,          &kJobsHugePagesTaken,
    &kJobsOtherLibfabric,     &kJobsKilledForMemory, &kJobsLibfabricCrashed, &kJobsEfaQuiet,
    &kJobsNcclPlugin};

struct Node;
struct Expectation;
class Findings;
void judge_jobs(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
