// The funnel in one line: how many devices came how far.
#pragma once

#include <string>
#include <vector>

#include "agent/diagnose/diagnosis.h"

namespace efa {

inline constexpr size_t kFunnelWidth = 80;

// "32 expected, attached, pci, driver > 0 rdma": neighbours of one count stand together; above the
// first 0 all is 0, and what was not measured at the end is left out.
std::string funnel_line(const std::vector<FunnelStage>& funnel);

}  // namespace efa
