// The rule that lets EFA through, as those who describe an account's parts in files write it.
#pragma once

#include <string>
#include <vector>

#include "probes/account/coverage.h"

namespace efa {

struct Described {
  const char* tool;  // "CloudFormation"
  std::vector<std::string> lines;
};

// Inbound or outbound, of one group.
std::vector<Described> described_rule(const std::string& group, Direction direction);

}  // namespace efa
