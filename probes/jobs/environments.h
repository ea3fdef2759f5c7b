// Reads the environments of jobs, of which only known settings are kept (settings.h), and what they
// see around them (surroundings.h). A process decides how large its environment is, and can make
// its reader wait: what is read of each is bounded in bytes and in time, and costs no other process
// its answer. Interface: proc_pid_environ(5); the kernel takes the process's memory lock to read
// it.
#pragma once

#include <chrono>
#include <vector>

#include "probes/jobs/facts.h"
#include "probes/protocol/sysroot.h"

namespace efa {

// Fills environment, surroundings and cut of each job until `stop`; of one that has no EFA device
// open its surroundings only where settings of it are for EFA. False when a reader still waits for
// a process: it uses `root`, which must stay until the end of this process.
bool read_environments(const Sysroot& root, std::vector<Job>& jobs,
                       std::chrono::steady_clock::time_point stop);

}  // namespace efa
