// How many EFA devices a node should have, as an operator says it.
#pragma once

#include <optional>
#include <string>

#include "probes/base/result.h"

namespace efa {

// --expect auto|none|max|N, or `expect` of the configuration.
struct ExpectSetting {
  std::optional<int> exactly;  // 0: none
  bool all = false;            // max: as many as the instance type can have
};
Result<ExpectSetting> parse_expect(const std::string& text);

}  // namespace efa
