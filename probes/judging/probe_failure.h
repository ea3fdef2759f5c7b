// Why the efa driver gave a device up: the words in the kernel log that tell, and who mends what
// they tell of.
#pragma once

#include <string_view>
#include <vector>

#include "probes/judging/node.h"

namespace efa {

struct FailureReason {
  LogKind kind;
  Actor actor = Actor::kNodeOperator;
  std::string_view remedy = {};  // empty: those of the check itself
  std::string_view command = "sudo dmesg | grep -i efa";
  bool only_at_start = true;  // the driver says so of a running device too
};

inline constexpr std::string_view kOtherHardware =
    "Stop and start the instance, which moves it to other hardware, or replace it.";

// efa_main.c and efa_com.c of the driver 3.1.0: what each step of efa_probe() says when it fails.
inline constexpr FailureReason kFailureReasons[] = {
    {.kind = LogKind::kRegionBusy,
     .actor = Actor::kNodeOperator,
     .remedy = "Another driver holds the device's memory regions (-16): find out which, unbind "
               "it, and bind the device to efa; a reboot frees them too.",
     .command = "sudo cat /proc/iomem"},
    {.kind = LogKind::kBarUnavailable,
     .actor = Actor::kNodeOperator,
     .remedy = "The device was given no memory region: drain the node and reboot, so that all "
               "are assigned anew; if the words stay, stop and start or replace the instance.",
     .command = "sudo dmesg | grep -i BAR"},
    {.kind = LogKind::kEnableFailed,
     .actor = Actor::kNodeOperator,
     .remedy = "PCI could not enable the device: drain the node and reboot; if the words stay, "
               "stop and start or replace the instance.",
     .command = "sudo dmesg | grep -i pci"},
    {.kind = LogKind::kOutOfMemory,
     .actor = Actor::kNodeOperator,
     .remedy = "The kernel had no memory for the driver: free some, and bind the device again.",
     .command = "free -m"},
    {.kind = LogKind::kVersionTooLow,
     .actor = Actor::kAwsSupport,
     .remedy = "The device reports an interface that is older than all that this driver knows. "
               "Stop and start the instance, which moves it to other hardware; if the words "
               "stay, give AWS Support the report."},
    {.kind = LogKind::kDmaFailed,
     .actor = Actor::kImageOwner,
     .remedy = "The kernel and the device agree on no width of DMA addresses: compare the iommu= "
               "and swiotlb= arguments of the kernel with an image on which EFA works; else stop "
               "and start or replace the instance.",
     .command = "cat /proc/cmdline"},
    {.kind = LogKind::kMsixFailed,
     .actor = Actor::kNodeOperator,
     .remedy = "-28 means that the interrupt vectors ran out: free some (fewer queues of network "
               "and storage devices, more CPUs online) and bind the device again. With any other "
               "error drain the node and reboot, then replace the instance.",
     .command = "cat /proc/interrupts"},
    {.kind = LogKind::kIrqFailed,
     .actor = Actor::kNodeOperator,
     .remedy = "-28 means that the interrupt vectors ran out, -16 that the interrupt is taken: "
               "free it and bind the device again. With any other error drain the node and "
               "reboot, then replace the instance.",
     .command = "cat /proc/interrupts"},
    {.kind = LogKind::kDeviceNotReady, .actor = Actor::kAwsSupport, .remedy = kOtherHardware},
    {.kind = LogKind::kResetFailed, .actor = Actor::kAwsSupport, .remedy = kOtherHardware},
    {.kind = LogKind::kRegisterTimeout,
     .actor = Actor::kAwsSupport,
     .remedy = kOtherHardware,
     .only_at_start = false},
    {.kind = LogKind::kAdminTimeout,
     .actor = Actor::kAwsSupport,
     .remedy = kOtherHardware,
     .only_at_start = false},
    {.kind = LogKind::kInterruptLost,
     .actor = Actor::kNodeOperator,
     .remedy = "The device answered and its interrupt was lost: drain the node and reboot; if "
               "the words stay, stop and start or replace the instance.",
     .command = "cat /proc/interrupts",
     .only_at_start = false},
    {.kind = LogKind::kCommandFailed, .only_at_start = false},
    {.kind = LogKind::kProbeFailed},
};

// Of the newest attempt to start the device, when that failed: the first words of an error, to
// which the later ones ("EFA device init failed") only add that it was the end. Null: no attempt
// failed, or a later one did not.
const LogMessage* probe_failure(const std::vector<LogMessage>& messages, const PciAddress& address);

// Null: words that tell no reason.
const FailureReason* reason_of(const LogMessage& message);

}  // namespace efa
