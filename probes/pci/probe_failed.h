// driver.probe-failed as the kernel log tells why.
#pragma once

#include "probes/judging/probe_failure.h"

namespace efa {

// With the actor and the remedy for that kind of message.
const Check& probe_failed_check(const LogMessage& failure);

}  // namespace efa
