// The checks of the kernel log: their codes and texts. A code is API: never renamed, never reused.
#pragma once

#include "probes/judging/check.h"

namespace efa {

inline constexpr Check kLogDriverErrors{
    .code = "log.driver-errors",
    .severity = Severity::kInfo,
    .actor = Actor::kNodeOperator,
    .title = "The efa driver has logged errors",
    .meaning =
        "A command to the device failed since boot; failed memory registrations are a job's.",
    .seen_by =
        "Messages of level error or worse of the efa driver in /dev/kmsg; or a hung task, a lockup "
        "(of a workqueue too) or an RCU stall that has a function of efa on its stack.",
    .remedy =
        "Read them: err -12 of REG_MR, ALLOC_PD or CREATE_* is a lack of resources, usually a "
        "job's; a missing completion is a device that does not answer.",
    .command = "sudo dmesg --level err,crit,alert,emerg | grep -E 'efa |infiniband'",
    .causes = {"pci.config-space-dead", "pci.device-vanished", "driver.probe-failed",
               "rdma.counters-hang", "rdma.counters-fail", "verbs.hang", "verbs.cannot-open"},
};

// With a process or a CPU that did not go on inside the driver.
inline constexpr Check kLogDriverErrorsAndHang = [] {
  Check check = kLogDriverErrors;
  check.meaning = "Inside the driver a process or a CPU did not go on for a while.";
  check.remedy =
      "Read the stack. It may have gone on since; if it did not, the process cannot be killed: "
      "drain the node and reboot it. If it returns, give AWS Support the stack.";
  check.command =
      "sudo dmesg | grep -E -A 40 'blocked for more than|soft lockup|hard LOCKUP|detected "
      "(expedited )?stall|workqueue lockup'";
  return check;
}();

inline constexpr Check kLogDriverCrash{
    .code = "log.driver-crash",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .title = "The kernel has crashed with the efa driver on the stack",
    .meaning =
        "What the driver held then stays locked until a reboot: whoever comes to it hangs, and "
        "devices may not start.",
    .seen_by =
        "/dev/kmsg has an oops (\"[#1]\") whose stack names a function of efa; or a warning of the "
        "kernel while efa started a device that has no driver now.",
    .remedy =
        "Drain the node and reboot it. If it crashes again, install the driver of the newest EFA "
        "installer and give AWS Support the trace.",
    .command = "sudo dmesg | grep -B 40 -A 20 '\\[efa'",
    .drain_first = true,
    .takes_installer = true,
};

// The crash of driver 3.3.0 on old kernels that 3.3.1 mends (its release notes).
inline constexpr Check kLogDriverCrashOfQueue = [] {
  Check check = kLogDriverCrash;
  check.remedy =
      "Drain the node, install an efa driver of 3.3.1 or later, and reboot: 3.3.0 crashes on some "
      "old kernels when a completion queue is released.";
  return check;
}();

// amzn-drivers#308: an efa that fits another RDMA core than the one that is loaded.
inline constexpr Check kLogDriverCrashOfOtherStack = [] {
  Check check = kLogDriverCrash;
  check.takes_installer = false;
  check.remedy =
      "efa and the loaded RDMA core do not fit each other: build efa against MLNX_OFED, or remove "
      "MLNX_OFED from the image; then reboot.";
  check.command = "modinfo -F filename ib_core efa";
  return check;
}();

inline constexpr const Check* kLogChecks[] = {&kLogDriverErrors, &kLogDriverCrash};

struct Node;
struct Expectation;
class Findings;
void judge_log(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
