// Whose fault it is that a probe does not start: that of the library that it loads, or our own.
#pragma once

#include <string>

#include "probes/judging/outcome.h"

namespace efa {

// The probe's file is missing; or, built against a newer library than this node has, the probe
// itself is refused: "... not found (required by /usr/libexec/.../probe-fabric)". It says nothing
// of the node.
inline bool is_fault_of_probe(const ProbeOutcome& outcome) {
  if (outcome.status != ProbeStatus::kUnavailable) return false;
  const std::string probe = "probe-" + outcome.name.substr(0, outcome.name.find(':'));
  const auto says = [&](const std::string& words) {
    return outcome.detail.find(words) != std::string::npos;
  };
  return outcome.detail.empty() || says(probe + ")") || says(probe + ": undefined symbol") ||
         says(probe + ": No such file");
}

}  // namespace efa
