// Whose fault it is that a probe does not start: that of the library that it loads, or our own.
#pragma once

#include <string>

#include "probes/judging/outcome.h"

namespace efa {

// The probe's file is missing, or refuses_our_probe().
inline bool is_fault_of_probe(const ProbeOutcome& outcome) {
  if (outcome.status != ProbeStatus::kUnavailable) return false;
  const std::string probe = "probe-" + outcome.name.substr(0, outcome.name.find(':'));
  return outcome.detail.empty() || refuses_our_probe(outcome) ||
         outcome.detail.find(probe + ": No such file") != std::string::npos;
}

}  // namespace efa
