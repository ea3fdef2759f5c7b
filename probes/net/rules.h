// The kernel's rules for IPv4 routes. Interface: rtnetlink(7), RTM_GETRULE; linux/fib_rules.h.
#pragma once

#include "probes/base/result.h"

namespace efa {

// How many there are beside the three that the kernel makes (local, main, default).
Result<int> count_rules();

}  // namespace efa
