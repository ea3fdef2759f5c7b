// Which libfabric of one node meets which of the other. Pure.
#pragma once

#include <vector>

#include "agent/pair/rail.h"
#include "probes/judging/check.h"

namespace efa {

struct PairMatch {
  std::vector<PairCopies> copies;
  std::vector<Finding> untested;  // of those that are not, why
};

// Each of ours meets the one that lies at the same place there, else the first.
PairMatch match_copies(const std::vector<PairCopy>& own, const std::vector<PairCopy>& other);

}  // namespace efa
