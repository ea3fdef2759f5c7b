// What a verdict is made of.
#pragma once

#include <vector>

#include "probes/judging/findings.h"

namespace efa {

bool any(const std::vector<Finding>& findings, FindingResult result, Severity severity);

}  // namespace efa
