// Processes that outlive who started them. A site's probe may take one out of its session with
// setsid(2), where no signal to its group reaches it; a few in each pass would fill the node. So
// the pass, and the daemon above it, are subreapers (PR_SET_CHILD_SUBREAPER of prctl(2)): what is
// left behind becomes their child and is ended.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "probes/base/process.h"

namespace efa {

// In the environment of a site's probe, so that what it leaves behind is known to be its own.
inline constexpr const char* kProbeVariable = "EFA_DOCTOR_PROBE";

struct AdoptedProcess {
  ProcessIdentity process;  // its subject is the command
  std::string probe;        // that started it; "" when it hides that
  bool ended = false;       // reaped; else the kernel holds it
};

class Adoption {
 public:
  // From now on. Children that we had before, as the first process of a container has, are not
  // ours to end.
  Adoption();
  // Ends what was left to us, but for `own`: our own children, and those that were told before.
  std::vector<AdoptedProcess> end(const std::set<pid_t>& own, std::chrono::milliseconds limit);

 private:
  std::set<pid_t> killed_;  // and the kernel holds them
  bool all_are_ours_;       // also those that do not say whose they are
};

}  // namespace efa
