// What a site makes of single checks: the table [checks] of the configuration.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "probes/judging/check.h"

namespace efa {

// By code: the severity that it has here; none: it is turned off.
using Weights = std::map<std::string, std::optional<Severity>, std::less<>>;

// Nothing: it is turned off.
inline std::optional<Severity> severity_in(const Weights& weights, const Check& check) {
  const auto set = weights.find(check.code);
  return set == weights.end() ? check.severity : set->second;
}

}  // namespace efa
