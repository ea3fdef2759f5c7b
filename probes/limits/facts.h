// What probe-limits saw: the limits under which jobs and their services run.
// Interface: proc_pid_limits(5), limits.conf(5), systemd-system.conf(5), cgroups(7), hugetlbpage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/protocol/check.h"

namespace efa {

// "Max locked memory": what a process may pin, and so register with a device.
struct LockedMemory {
  bool unlimited = false;
  std::optional<uint64_t> soft_kib;  // absent when unlimited
};

template <class Io>
void describe(Io& io, LockedMemory& memory) {
  io("unlimited", memory.unlimited);
  io("soft_kib", memory.soft_kib);
}

struct ServiceLimits {
  std::string name;  // the command of its process
  int pid = 0;
  std::optional<LockedMemory> locked_memory;  // absent: could not be read
};

template <class Io>
void describe(Io& io, ServiceLimits& service) {
  io("name", service.name);
  io("pid", service.pid);
  io("locked_memory", service.locked_memory);
}

struct LimitsFacts {
  std::vector<ServiceLimits> services;  // pid 1 and those that start jobs
  std::vector<std::string> configured;  // "/etc/security/limits.conf: * soft memlock unlimited"
  std::optional<int> cpus;
  std::optional<uint64_t> hugepages_2m;
  std::optional<uint64_t> hugepages_2m_free;
  std::optional<uint64_t> hugepage_size_kib;  // the default size
  std::optional<int> ptrace_scope;            // absent: Yama is not built in
  std::optional<uint64_t> shm_total_kib;
  std::optional<uint64_t> shm_free_kib;
  std::optional<std::string> container;  // "docker"; absent: none was seen
  // of the process that looked, so of the shell or unit that started it
  std::optional<std::string> cgroup;
  std::optional<std::string> cgroup_memory_max;
  std::optional<std::string> cgroup_devices;  // cgroup v1 only; v2 shows in open(2) alone
  std::optional<LockedMemory> own_locked_memory;
  std::optional<int> effective_uid;
  std::vector<Unseen> unseen;
};

template <class Io>
void describe(Io& io, LimitsFacts& facts) {
  io("services", facts.services);
  io("configured", facts.configured);
  io("cpus", facts.cpus);
  io("hugepages_2m", facts.hugepages_2m);
  io("hugepages_2m_free", facts.hugepages_2m_free);
  io("hugepage_size_kib", facts.hugepage_size_kib);
  io("ptrace_scope", facts.ptrace_scope);
  io("shm_total_kib", facts.shm_total_kib);
  io("shm_free_kib", facts.shm_free_kib);
  io("container", facts.container);
  io("cgroup", facts.cgroup);
  io("cgroup_memory_max", facts.cgroup_memory_max);
  io("cgroup_devices", facts.cgroup_devices);
  io("own_locked_memory", facts.own_locked_memory);
  io("effective_uid", facts.effective_uid);
  io("unseen", facts.unseen);
}

}  // namespace efa
