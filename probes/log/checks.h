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
    .seen_by = "Messages of level error or worse of the efa driver in /dev/kmsg.",
    .remedy =
        "Read them: err -12 of REG_MR, ALLOC_PD or CREATE_* is a lack of resources, usually a "
        "job's; a missing completion is a device that does not answer.",
    .command = "sudo dmesg --level err,crit,alert,emerg | grep -E 'efa |infiniband'",
    .causes = {"pci.config-space-dead", "pci.device-vanished", "driver.probe-failed",
               "rdma.counters-hang", "rdma.counters-fail", "verbs.hang", "verbs.cannot-open"},
};

inline constexpr const Check* kLogChecks[] = {&kLogDriverErrors};

struct Node;
struct Expectation;
class Findings;
void judge_log(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
