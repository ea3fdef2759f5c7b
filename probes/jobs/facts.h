// What probe-jobs saw: processes that hold an EFA device node open, and those that could.
// Interface: proc_pid_fd(5), proc_pid_environ(5), proc_pid_limits(5), proc_pid_maps(5),
// shm_open(3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/reading.h"
#include "probes/base/unseen.h"
#include "probes/limits/facts.h"

namespace efa {

// Of the file system at /dev/shm, as that process sees it.
struct SharedMemory {
  uint64_t total_kib = 0;
  uint64_t free_kib = 0;
};

template <class Io>
void describe(Io& io, SharedMemory& memory) {
  io("total_kib", memory.total_kib);
  io("free_kib", memory.free_kib);
}

struct Job {
  int pid = 0;
  std::string command;               // the file name of its executable; "other" when it has none
  std::string job;                   // job_of_process(); "" of one that is in none
  std::vector<std::string> devices;  // "/dev/infiniband/uverbs0", EFA ones only
  std::optional<int> accelerators;   // device nodes of GPUs and Neuron devices that it has open
  std::optional<LockedMemory> locked_memory;
  std::optional<bool> may_lock_any;  // CAP_IPC_LOCK is effective: the limit does not bind it
  std::optional<bool> container;     // its control group is a container's
  std::optional<bool> own_root;      // its files are not those of this node: another root directory
  // libfabric and libibverbs, as they are mapped: "/opt/amazon/efa/lib/libfabric.so.1.29.1"
  Reading<std::vector<std::string>> libraries;
  Reading<SharedMemory> shared_memory;
  // of one that uses NCCL and has the node's files: its plugin is mapped, or in its library path
  std::optional<bool> finds_nccl_plugin;
  std::vector<std::string> environment;  // the settings of probes/jobs/setting_names.h
  std::vector<std::string> cut;          // what of it was too large, or too slow, to be looked at
};

template <class Io>
void describe(Io& io, Job& job) {
  io("pid", job.pid);
  io("command", job.command);
  io("job", job.job);
  io("devices", job.devices);
  io("accelerators", job.accelerators);
  io("locked_memory", job.locked_memory);
  io("may_lock_any", job.may_lock_any);
  io("container", job.container);
  io("own_root", job.own_root);
  describe_reading(io, "libraries", job.libraries);
  describe_reading(io, "shared_memory", job.shared_memory);
  io("finds_nccl_plugin", job.finds_nccl_plugin);
  io("environment", job.environment);
  io("cut", job.cut);
}

struct JobsFacts {
  std::optional<int> processes_looked_at;  // absent: /proc could not be listed, or no EFA node
  std::optional<int> unreadable_processes;
  std::optional<int> holders;  // processes that hold an EFA device node; `processes` may be fewer
  std::vector<Job> processes;
  // No EFA device node is open, but one of an accelerator, and settings for EFA are made.
  std::vector<Job> without_efa;
  std::vector<std::string> cut;  // what was too much to be looked at or told
  std::vector<Unseen> unseen;
};

template <class Io>
void describe(Io& io, JobsFacts& facts) {
  io("processes_looked_at", facts.processes_looked_at);
  io("unreadable_processes", facts.unreadable_processes);
  io("holders", facts.holders);
  io("processes", facts.processes);
  io("without_efa", facts.without_efa);
  io("cut", facts.cut);
  io("unseen", facts.unseen);
}

}  // namespace efa
