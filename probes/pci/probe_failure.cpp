#include "probes/pci/probe_failure.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "probes/pci/checks.h"

namespace efa {
namespace {

struct Reason {
  std::string_view kind;  // of LogMessage
  Actor actor;
  std::string_view remedy;
  std::string_view command = "sudo dmesg | grep -i efa";
  bool only_at_start = true;  // the driver says so of a running device too
};

constexpr std::string_view kOtherHardware =
    "Stop and start the instance, which moves it to other hardware, or replace it.";

// efa_main.c and efa_com.c of the driver 3.1.0: what each step of efa_probe() says when it fails.
constexpr Reason kReasons[] = {
    {.kind = "region-busy",
     .actor = Actor::kNodeOperator,
     .remedy = "Another driver holds the device's memory regions (-16): find out which, unbind "
               "it, and bind the device to efa; a reboot frees them too.",
     .command = "sudo cat /proc/iomem"},
    {.kind = "bar-unavailable",
     .actor = Actor::kNodeOperator,
     .remedy = "The device was given no memory region: drain the node and reboot, so that all "
               "are assigned anew; if the words stay, stop and start or replace the instance.",
     .command = "sudo dmesg | grep -i BAR"},
    {.kind = "enable-failed",
     .actor = Actor::kNodeOperator,
     .remedy = "PCI could not enable the device: drain the node and reboot; if the words stay, "
               "stop and start or replace the instance.",
     .command = "sudo dmesg | grep -i pci"},
    {.kind = "out-of-memory",
     .actor = Actor::kNodeOperator,
     .remedy = "The kernel had no memory for the driver: free some, and bind the device again.",
     .command = "free -m"},
    {.kind = "version-too-low",
     .actor = Actor::kAwsSupport,
     .remedy = "The device reports an interface that is older than all that this driver knows. "
               "Stop and start the instance, which moves it to other hardware; if the words "
               "stay, give AWS Support the report."},
    {.kind = "dma-failed",
     .actor = Actor::kImageOwner,
     .remedy = "The kernel and the device agree on no width of DMA addresses: compare the iommu= "
               "and swiotlb= arguments of the kernel with an image on which EFA works; else stop "
               "and start or replace the instance.",
     .command = "cat /proc/cmdline"},
    {.kind = "msix-failed",
     .actor = Actor::kNodeOperator,
     .remedy = "-28 means that the interrupt vectors ran out: free some (fewer queues of network "
               "and storage devices, more CPUs online) and bind the device again. With any other "
               "error drain the node and reboot, then replace the instance.",
     .command = "cat /proc/interrupts"},
    {.kind = "irq-failed",
     .actor = Actor::kNodeOperator,
     .remedy = "-28 means that the interrupt vectors ran out, -16 that the interrupt is taken: "
               "free it and bind the device again. With any other error drain the node and "
               "reboot, then replace the instance.",
     .command = "cat /proc/interrupts"},
    {.kind = "device-not-ready", .actor = Actor::kAwsSupport, .remedy = kOtherHardware},
    {.kind = "reset-failed", .actor = Actor::kAwsSupport, .remedy = kOtherHardware},
    {.kind = "register-timeout",
     .actor = Actor::kAwsSupport,
     .remedy = kOtherHardware,
     .only_at_start = false},
    {.kind = "admin-timeout",
     .actor = Actor::kAwsSupport,
     .remedy = kOtherHardware,
     .only_at_start = false},
    {.kind = "interrupt-lost",
     .actor = Actor::kNodeOperator,
     .remedy = "The device answered and its interrupt was lost: drain the node and reboot; if "
               "the words stay, stop and start or replace the instance.",
     .command = "cat /proc/interrupts",
     .only_at_start = false},
    {.kind = "command-failed",
     .actor = kDriverProbeFailed.actor,
     .remedy = kDriverProbeFailed.remedy,
     .only_at_start = false},
    {.kind = "probe-failed",
     .actor = kDriverProbeFailed.actor,
     .remedy = kDriverProbeFailed.remedy},
};

constexpr size_t kCount = std::size(kReasons);

struct Rows {
  Check checks[kCount];
};

constexpr Rows kRows = [] {
  Rows rows;
  for (size_t i = 0; i < kCount; ++i) {
    Check& check = rows.checks[i];
    check = kDriverProbeFailed;
    check.actor = kReasons[i].actor;
    check.remedy = kReasons[i].remedy;
    check.command = kReasons[i].command;
  }
  return rows;
}();

const Reason* reason_of(const LogMessage& message) {
  const auto* found = std::find_if(std::begin(kReasons), std::end(kReasons),
                                   [&](const Reason& r) { return r.kind == message.kind; });
  return found == std::end(kReasons) ? nullptr : found;
}

// One attempt of the driver to start a device, line by line.
class Attempt {
 public:
  void take(const LogMessage& message) {
    const bool end = message.kind == "probe-ended";
    const Reason* reason = reason_of(message);
    if (message.kind == "device-registered" || message.kind == "device-unregistered" ||
        message.kind == "irq-set-up" || (ended_ && reason != nullptr)) {
      *this = Attempt();
    }
    if (!end && reason == nullptr) return;
    if (first_ == nullptr) first_ = &message;
    ended_ = ended_ || end;
    failed_ = failed_ || end || reason->only_at_start;
  }

  [[nodiscard]] const LogMessage* failure() const { return failed_ ? first_ : nullptr; }

 private:
  const LogMessage* first_ = nullptr;
  bool ended_ = false;
  bool failed_ = false;
};

}  // namespace

const LogMessage* probe_failure(const std::vector<LogMessage>& messages,
                                const PciAddress& address) {
  Attempt attempt;
  for (const LogMessage& message : messages) {
    if (message.address == address) attempt.take(message);
  }
  return attempt.failure();
}

const Check& probe_failed_check(const LogMessage& failure) {
  const Reason* reason = reason_of(failure);
  if (reason == nullptr) return kDriverProbeFailed;
  return failure.kind == "probe-failed" ? kDriverProbeFailed : kRows.checks[reason - kReasons];
}

}  // namespace efa
