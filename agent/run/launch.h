// The start of one probe's process: its own session, limits, rights and environment.
#pragma once

#include <sys/types.h>

#include "agent/run/runner.h"
#include "probes/protocol/result.h"

namespace efa {

struct Started {
  pid_t pid = -1;
  int stdout_fd = -1;
  int stderr_fd = -1;
};

Result<Started> start_probe(const Launch& launch);

}  // namespace efa
