// The kernel's rules for IPv4 routes. Interface: rtnetlink(7), RTM_GETRULE; linux/fib_rules.h.
#pragma once

#include <string>
#include <vector>

#include "probes/base/result.h"

namespace efa {

// The rules beside the three that the kernel makes (local, main, default).
struct Rules {
  int count = 0;
  std::vector<std::string>
      of;  // what they choose packets by: "10.0.0.5/32", "ens6"; a part of many
};
Result<Rules> read_rules();

}  // namespace efa
