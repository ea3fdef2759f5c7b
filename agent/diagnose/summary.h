// The first line of a report, which schedulers show as their reason: how many of how many EFA
// devices work, and what keeps the others from it.
#pragma once

#include <string>

#include "agent/diagnose/diagnosis.h"

namespace efa {

// "0 of 32 EFA devices work: the driver is bound but offers no RDMA device"
std::string summary_of(const Node& node, const Diagnosis& diagnosis);

}  // namespace efa
