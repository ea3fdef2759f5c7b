// What probe-jobs saw: processes that hold an EFA device node open.
// Interface: proc_pid_fd(5), proc_pid_environ(5), proc_pid_limits(5).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probes/limits/facts.h"

namespace efa {

struct Job {
  int pid = 0;
  std::string command;
  std::vector<std::string> devices;  // "/dev/infiniband/uverbs0", EFA ones only
  std::optional<LockedMemory> locked_memory;
  std::optional<bool> may_lock_any;      // CAP_IPC_LOCK: the limit does not bind it
  std::vector<std::string> environment;  // FI_*, RDMAV_*, IBV_*, NCCL_*, OMPI_MCA_* and paths
};

template <class Io>
void describe(Io& io, Job& job) {
  io("pid", job.pid);
  io("command", job.command);
  io("devices", job.devices);
  io("locked_memory", job.locked_memory);
  io("may_lock_any", job.may_lock_any);
  io("environment", job.environment);
}

struct JobsFacts {
  std::optional<int> processes_looked_at;  // absent: /proc could not be listed, or no EFA node
  std::optional<int> unreadable_processes;
  std::vector<Job> processes;
  std::vector<Unseen> unseen;
};

template <class Io>
void describe(Io& io, JobsFacts& facts) {
  io("processes_looked_at", facts.processes_looked_at);
  io("unreadable_processes", facts.unreadable_processes);
  io("processes", facts.processes);
  io("unseen", facts.unseen);
}

}  // namespace efa
