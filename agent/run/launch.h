// The start of one probe's process: its own session, limits, rights and environment.
#pragma once

#include <linux/capability.h>

#include "agent/run/runner.h"
#include "probes/base/child.h"
#include "probes/base/fd.h"
#include "probes/base/result.h"

namespace efa {

// Owns nothing: the kernel's own id for whoever is none of ours (overflowuid in proc(5)).
inline constexpr unsigned kNobody = 65534;
// To become nobody, and to end it then.
inline constexpr int kNobodyNeeds[] = {CAP_SETUID, CAP_SETGID, CAP_KILL};

struct Started {
  Child child;
  Fd out;
  Fd err;
};

Result<Started> start_probe(const Launch& launch);

}  // namespace efa
