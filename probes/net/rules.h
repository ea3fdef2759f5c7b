// The kernel's rules for IPv4 routes. Interface: rtnetlink(7), RTM_GETRULE; linux/fib_rules.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "probes/base/result.h"

namespace efa {

// One rule, as far as it matters.
struct RoutingRule {
  uint32_t priority = 0;  // where there is no such attribute
  std::string source;     // "10.0.0.5/32"
  std::string interface;  // that packets come from or go to
};

// The rules beside the three that the kernel makes (local, main, default).
struct RoutingRules {
  int count = 0;
  // what they choose packets by: "10.0.0.5/32", "ens6"; absent: they are more than 1,024
  std::optional<std::vector<std::string>> of{std::in_place};
};
void take_rule(const RoutingRule& rule, RoutingRules& rules);
Result<RoutingRules> read_rules();

}  // namespace efa
