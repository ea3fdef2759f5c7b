// The checks of libibverbs: their codes and texts. A code is API: never renamed, never reused.
#pragma once

#include "probes/protocol/check.h"

namespace efa {

inline constexpr Check kVerbsChecks[] = {
    {"verbs.not-listed",
     Severity::kCritical,
     Actor::kImageOwner,
     Rung::kVerbs,
     "libibverbs does not list an EFA device",
     "No program that uses libibverbs or libfabric sees the device.",
     "ibv_get_device_list(3) gives no device with this PCI address.",
     "Install the libefa provider of rdma-core (ibverbs-providers on Debian and Ubuntu, "
     "libibverbs on Amazon Linux and RHEL).",
     "ibv_devices",
     {"node.missing", "node.cannot-open", "node.restricted-mode", "rdma.not-registered"}},
    {"verbs.cannot-open",
     Severity::kCritical,
     Actor::kNodeOperator,
     Rung::kVerbs,
     "libibverbs cannot open an EFA device",
     "No program can use the device.",
     "ibv_open_device(3) or a query behind it fails.",
     "Read the error: ENODEV after a command timed out means that the device must be rebound.",
     "ibv_devinfo -v",
     {"pci.config-space-dead", "rdma.counters-hang", "verbs.hang", "rdma.counters-fail",
      "node.missing", "node.restricted-mode", "node.cannot-open"}},
    {"verbs.hang",
     Severity::kCritical,
     Actor::kAwsSupport,
     Rung::kVerbs,
     "Opening an EFA device hangs",
     "Every program that opens the device waits up to 30 s and fails; libfabric may list no "
     "device at all because of it.",
     "A verbs call on this device did not end in time: the driver holds the caller, whom no signal "
     "can end, and no other probe was answered.",
     "Stop and start the instance, or replace it. Until then keep jobs off the node.",
     "sudo dmesg | grep -i 'efa.*admin'",
     // libibverbs waits 5 s for udev when the node cannot be opened
     {"pci.config-space-dead", "rdma.counters-hang", "node.missing", "node.restricted-mode",
      "node.cannot-open"}},
    {"verbs.open-slow",
     Severity::kInfo,
     Actor::kNodeOperator,
     Rung::kNone,
     "An EFA device could not be opened in time",
     "Whether libibverbs opens it is unknown in this pass.",
     "A verbs call did not end in time, and the kernel does not show that the device is why: the "
     "caller was in line for a CPU, or another probe was answered.",
     "Nothing when it is rare: the next pass asks again. Else leave the agent a CPU: CPUAffinity= "
     "in a drop-in of efa-doctor.service.",
     "cat /proc/pressure/cpu",
     // libibverbs waits 5 s for udev when the node cannot be opened
     {"rdma.counters-hang", "verbs.hang", "node.missing", "node.restricted-mode",
      "node.cannot-open"}},
    {"verbs.not-installed",
     Severity::kInfo,
     Actor::kImageOwner,
     Rung::kNone,
     "libibverbs is not installed on this host",
     "Programs of the host cannot use EFA; containers bring their own libraries.",
     "The dynamic loader finds no libibverbs.so.1 or libefa.so.1.",
     "Run the EFA installer, or nothing when only containers use EFA.",
     "",
     {}},
    {"verbs.does-not-load",
     Severity::kWarning,
     Actor::kImageOwner,
     Rung::kNone,
     "libibverbs or libefa does not load",
     "Programs of the host cannot use EFA.",
     "The dynamic loader refuses the library; its words are the evidence.",
     "Use one stack: either the distribution's rdma-core or that of the EFA installer.",
     "ldconfig -p | grep -E 'libibverbs|libefa|libfabric'",
     {}},
};

}  // namespace efa
