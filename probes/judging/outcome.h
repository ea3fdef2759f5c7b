// How the process of a probe ended. Each ending is a fact and becomes a finding.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/time_spent.h"

namespace efa {

enum class ProbeStatus {
  kOk,             // it said done
  kTimedOut,       // it was killed at the deadline; `step` and `subject` tell where it was
  kCrashed,        // a signal ended it; `detail` names it
  kUnavailable,    // it could not be loaded; `detail` is the dynamic loader's message
  kDenied,         // it could not be started for lack of rights
  kFailed,         // it ended early with an exit code, or what it printed is no protocol
  kStillHanging,   // not started: the process of an earlier pass cannot be killed and lives
  kNotApplicable,  // not started: a sysroot cannot show what it looks at
};

struct ProbeOutcome {
  std::string name;  // "pci"; "fabric:/opt/amazon/efa/lib64"
  ProbeStatus status = ProbeStatus::kNotApplicable;
  int64_t duration_ms = 0;
  std::string detail;
  std::string step;                // the last that it said it was doing
  std::string subject;             // and to what
  std::string stderr_tail;         // bounded; evidence
  std::optional<TimeSpent> spent;  // of one that timed out
};

// It was killed at the deadline, but for lack of a CPU and not for what it looked at.
inline bool ran_short_of_cpu(const ProbeOutcome& outcome) {
  return outcome.status == ProbeStatus::kTimedOut && outcome.spent &&
         is_short_of_cpu(*outcome.spent);
}

// Killed from outside: it ran short of memory, which is no word of what it looked at.
inline bool was_killed(const ProbeOutcome& outcome) {
  return outcome.status == ProbeStatus::kCrashed && outcome.detail.starts_with("signal 9 ");
}

}  // namespace efa
