// The checks of the kernel log: their codes and texts. A code is API: never renamed, never reused.
#pragma once

#include "probes/protocol/check.h"

namespace efa {

inline constexpr Check kLogChecks[] = {
    {"log.driver-errors",
     Severity::kInfo,
     Actor::kNodeOperator,
     Rung::kNone,
     "The efa driver has logged errors",
     "A command to the device failed since boot; failed memory registrations are a job's.",
     "Messages of level error or worse of the efa driver in /dev/kmsg.",
     "Read them: err -12 of REG_MR, ALLOC_PD or CREATE_* is a lack of resources, usually a "
     "job's; a "
     "missing completion is a device that does not answer.",
     "sudo dmesg --level err,crit,alert,emerg | grep -E 'efa |infiniband'",
     {"pci.config-space-dead", "pci.device-vanished", "driver.probe-failed", "rdma.counters-hang",
      "rdma.counters-fail", "verbs.hang", "verbs.cannot-open"}},
};

}  // namespace efa
