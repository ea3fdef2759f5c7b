// What mends a fleet's findings in the files that describe an account's parts.
#pragma once

#include <vector>

#include "probes/account/group_lines.h"
#include "probes/judging/check.h"

namespace efa {

// Of findings of one check; none where it is mended elsewhere.
std::vector<Described> described_remedy(const std::vector<const Finding*>& findings);

}  // namespace efa
