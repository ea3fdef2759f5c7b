// What probe-jobs saw: processes that hold an EFA device node open.
// Interface: proc_pid_fd(5), proc_pid_environ(5), proc_pid_limits(5).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probes/base/unseen.h"
#include "probes/limits/facts.h"

namespace efa {

struct Job {
  int pid = 0;
  std::string command;               // the file name of its executable; "other" when it has none
  std::string job;                   // job_of_process(); "" of one that is in none
  std::vector<std::string> devices;  // "/dev/infiniband/uverbs0", EFA ones only
  std::optional<LockedMemory> locked_memory;
  std::optional<bool> may_lock_any;      // CAP_IPC_LOCK: the limit does not bind it
  std::vector<std::string> environment;  // the settings of probes/jobs/setting_names.h
  std::vector<std::string> cut;          // what of it was too large, or too slow, to be looked at
};

template <class Io>
void describe(Io& io, Job& job) {
  io("pid", job.pid);
  io("command", job.command);
  io("job", job.job);
  io("devices", job.devices);
  io("locked_memory", job.locked_memory);
  io("may_lock_any", job.may_lock_any);
  io("environment", job.environment);
  io("cut", job.cut);
}

struct JobsFacts {
  std::optional<int> processes_looked_at;  // absent: /proc could not be listed, or no EFA node
  std::optional<int> unreadable_processes;
  std::optional<int> holders;  // processes that hold an EFA device node; `processes` may be fewer
  std::vector<Job> processes;
  std::vector<std::string> cut;  // what was too much to be looked at or told
  std::vector<Unseen> unseen;
};

template <class Io>
void describe(Io& io, JobsFacts& facts) {
  io("processes_looked_at", facts.processes_looked_at);
  io("unreadable_processes", facts.unreadable_processes);
  io("holders", facts.holders);
  io("processes", facts.processes);
  io("cut", facts.cut);
  io("unseen", facts.unseen);
}

}  // namespace efa
