// The checks of libfabric: their codes and texts. A code is API: never renamed, never reused.
#pragma once

#include "probes/judging/check.h"

namespace efa {

inline constexpr Check kFabricNotListed{
    .code = "fabric.not-listed",
    .severity = Severity::kCritical,
    .actor = Actor::kImageOwner,
    .rung = Rung::kFabric,
    .may_come_late = true,
    .title = "libfabric's efa provider does not list an EFA device",
    .meaning = "MPI and NCCL do not use the device; with none listed they fall back to TCP.",
    .seen_by = "fi_getinfo(3) for provider efa, endpoint FI_EP_RDM, has no domain of this device.",
    .remedy =
        "If another device of the node hangs, repair that one first: libfabric then lists none. "
        "Otherwise install the libfabric of the EFA installer.",
    .command = "/opt/amazon/efa/bin/fi_info -p efa -t FI_EP_RDM",
    .takes_installer = true,
    .causes = {"pci.config-space-dead", "rdma.counters-hang", "verbs.hang", "rdma.counters-fail",
               "verbs.cannot-open", "node.restricted-mode", "node.missing", "node.cannot-open",
               "verbs.not-listed", "fabric.does-not-load", "fabric.crashes",
               "fabric.foreign-device", "data.cannot-create"},
};

inline constexpr Check kFabricLibraryListsFewer{
    .code = "fabric.library-lists-fewer",
    .severity = Severity::kWarning,
    .actor = Actor::kImageOwner,
    .may_come_late = true,
    .title = "One of several libfabrics does not list all EFA devices",
    .meaning = "Programs that load this copy use fewer devices, or TCP.",
    .seen_by =
        "fi_getinfo(3) through this copy lists fewer devices than through another one. On a host "
        "whose jobs are containers only, a copy without the provider is no fault.",
    .remedy = "Remove the copy or put that of the EFA installer first on the library path.",
    .command = "ldconfig -p | grep libfabric",
    .causes = {"fabric.not-listed"},
};

inline constexpr Check kFabricNotInstalled{
    .code = "fabric.not-installed",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "No libfabric for EFA on this host",
    .meaning =
        "Programs of the host cannot use EFA through libfabric; containers bring their own (the "
        "EFA installer's --minimal leaves it out).",
    .seen_by =
        "The dynamic loader finds no libfabric.so.1; or, where all jobs are containers, none with "
        "the efa provider. Of an image it is a warning; of one that is mounted, a file of that "
        "name lies neither where ld.so.cache says nor in the directories of the loader and of the "
        "EFA installer.",
    .remedy = "Run the EFA installer without --minimal, or nothing when only containers use EFA.",
    .takes_installer = true,
};

inline constexpr Check kFabricNoEfaProvider{
    .code = "fabric.no-efa-provider",
    .severity = Severity::kWarning,
    .actor = Actor::kImageOwner,
    .title = "No libfabric here was built with the efa provider",
    .meaning = "MPI and NCCL find no EFA through libfabric and fall back to TCP.",
    .seen_by =
        "fi_getinfo(3) offers no device, and no copy of libfabric names the provider efa or has "
        "loaded libefa. On a host whose jobs are containers only it is no fault: they bring their "
        "own.",
    .remedy = "Install the libfabric of the EFA installer: run it without --minimal.",
    .command = "ldconfig -p | grep -E 'libfabric|libefa'",
    .takes_installer = true,
};

inline constexpr Check kFabricDoesNotLoad{
    .code = "fabric.does-not-load",
    .severity = Severity::kWarning,
    .actor = Actor::kImageOwner,
    .title = "A libfabric does not load",
    .meaning = "Programs that find this copy first fail to start.",
    .seen_by = "The dynamic loader refuses the library; its words are the evidence.",
    .remedy = "Use one stack: either the distribution's libraries or those of the EFA installer.",
    .command = "ldconfig -p | grep -E 'libibverbs|libefa|libfabric'",
    .causes = {"verbs.does-not-load"},
};

inline constexpr Check kFabricCrashes{
    .code = "fabric.crashes",
    .severity = Severity::kWarning,
    .actor = Actor::kImageOwner,
    .title = "A libfabric crashes when it is asked for EFA",
    .meaning = "Programs that load this copy die at start.",
    .seen_by = "The process that called fi_getinfo(3) was ended by a signal.",
    .remedy = "Install the libfabric of the EFA installer.",
    .takes_installer = true,
    .causes = {"rdma.counters-hang", "verbs.hang", "rdma.counters-fail"},
};

inline constexpr Check kFabricForeignDevice{
    .code = "fabric.foreign-device",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .title = "An RDMA device that cannot be opened keeps libfabric from listing EFA",
    .meaning =
        "libfabric opens every RDMA device whose node is there, and gives up all of EFA when one, "
        "of whatever maker, cannot be opened.",
    .seen_by =
        "fi_getinfo(3) offers no device, an EFA device can be opened, and the node of an RDMA "
        "device that is no EFA is in /dev/infiniband and cannot be opened.",
    .remedy =
        "In a container: do not mount the host's /dev/infiniband; the device plugin gives the "
        "nodes "
        "of its EFA devices, and a device without a node is passed over. Or use a libfabric that "
        "passes over what it cannot open.",
    .command = "ls -l /dev/infiniband; grep . /sys/class/infiniband_verbs/uverbs*/ibdev",
};

inline constexpr const Check* kFabricForeignChecks[] = {&kFabricForeignDevice};
inline constexpr const Check* kFabricChecks[] = {&kFabricNotListed,    &kFabricLibraryListsFewer,
                                                 &kFabricNotInstalled, &kFabricNoEfaProvider,
                                                 &kFabricDoesNotLoad,  &kFabricCrashes};

struct Node;
struct Expectation;
class Findings;
void judge_fabric(const Node& node, const Expectation& expectation, Findings& findings);
void judge_fabric_foreign(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
