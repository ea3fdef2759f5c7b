// The checks of libibverbs: their codes and texts. A code is API: never renamed, never reused.
#pragma once

#include "probes/judging/check.h"

namespace efa {

inline constexpr Check kVerbsNotListed{
    .code = "verbs.not-listed",
    .severity = Severity::kCritical,
    .actor = Actor::kImageOwner,
    .rung = Rung::kVerbs,
    .may_come_late = true,
    .title = "libibverbs does not list an EFA device",
    .meaning = "No program that uses libibverbs or libfabric sees the device.",
    .seen_by = "ibv_get_device_list(3) gives no device with this PCI address.",
    .remedy =
        "Install the libefa provider of rdma-core (ibverbs-providers on Debian and Ubuntu, "
        "libibverbs on Amazon Linux and RHEL).",
    .command = "ibv_devices",
    .causes = {"node.missing", "node.cannot-open", "node.restricted-mode", "rdma.not-registered"},
};

inline constexpr Check kVerbsCannotOpen{
    .code = "verbs.cannot-open",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .rung = Rung::kVerbs,
    .takes_neighbours = true,
    .title = "libibverbs cannot open an EFA device",
    .meaning = "No program can use the device.",
    .seen_by = "ibv_open_device(3) or a query behind it fails.",
    .remedy =
        "Read the error: ENODEV after a command timed out means that the device must be rebound, "
        "once the node is drained.",
    .command = "ibv_devinfo -v",
    .drain_first = true,
    .causes = {"pci.config-space-dead", "rdma.counters-hang", "verbs.hang", "rdma.counters-fail",
               "node.missing", "node.restricted-mode", "node.cannot-open"},
};

inline constexpr Check kVerbsHang{
    .code = "verbs.hang",
    .severity = Severity::kCritical,
    .actor = Actor::kAwsSupport,
    .rung = Rung::kVerbs,
    .takes_neighbours = true,
    .title = "Opening an EFA device hangs",
    .meaning =
        "Every program that opens the device waits up to 30 s and fails; libfabric may list no "
        "device at all because of it.",
    .seen_by =
        "A verbs call on this device did not end in time: the driver holds the caller, whom no "
        "signal can end, and no other probe was answered.",
    .remedy =
        "Drain the node, then stop and start the instance, or replace it. Until then keep jobs off "
        "it.",
    .command = "sudo dmesg | grep -i 'efa.*admin'",
    .drain_first = true,
    // libibverbs waits 5 s for udev when the node cannot be opened
    .causes = {"pci.config-space-dead", "log.driver-crash", "rdma.counters-hang", "node.missing",
               "node.restricted-mode", "node.cannot-open"},
};

inline constexpr Check kVerbsOpenSlow{
    .code = "verbs.open-slow",
    .severity = Severity::kInfo,
    .actor = Actor::kNodeOperator,
    .title = "An EFA device could not be opened in time",
    .meaning = "Whether libibverbs opens it is unknown in this pass.",
    .seen_by =
        "A verbs call did not end in time, and the kernel does not show that the device is why: "
        "the caller was in line for a CPU, or another probe was answered.",
    .remedy =
        "Nothing when it is rare: the next pass asks again. Else leave the agent a CPU: "
        "CPUAffinity= in a drop-in of efa-doctor.service.",
    .command = "cat /proc/pressure/cpu",
    // libibverbs waits 5 s for udev when the node cannot be opened
    .causes = {"rdma.counters-hang", "verbs.hang", "node.missing", "node.restricted-mode",
               "node.cannot-open"},
};

inline constexpr Check kVerbsNotInstalled{
    .code = "verbs.not-installed",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "libibverbs is not installed on this host",
    .meaning = "Programs of the host cannot use EFA; containers bring their own libraries.",
    .seen_by =
        "The dynamic loader finds no libibverbs.so.1 or libefa.so.1. Of an image it is a warning; "
        "of one that is mounted, a file of that name lies neither where ld.so.cache says nor in "
        "the directories of the loader and of the EFA installer.",
    .remedy = "Run the EFA installer, or nothing when only containers use EFA.",
    .takes_installer = true,
};

inline constexpr Check kVerbsDoesNotLoad{
    .code = "verbs.does-not-load",
    .severity = Severity::kWarning,
    .actor = Actor::kImageOwner,
    .title = "libibverbs or libefa does not load",
    .meaning = "Programs of the host cannot use EFA.",
    .seen_by = "The dynamic loader refuses the library; its words are the evidence.",
    .remedy = "Use one stack: either the distribution's rdma-core or that of the EFA installer.",
    .command = "ldconfig -p | grep -E 'libibverbs|libefa|libfabric'",
};

inline constexpr const Check* kVerbsChecks[] = {&kVerbsNotListed,    &kVerbsCannotOpen,
                                                &kVerbsHang,         &kVerbsOpenSlow,
                                                &kVerbsNotInstalled, &kVerbsDoesNotLoad};

struct Node;
struct Expectation;
class Findings;
void judge_verbs(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
