// What probe-limits saw: the limits under which jobs and their services run.
// Interface: proc_pid_limits(5), limits.conf(5), systemd-system.conf(5), cgroups(7), hugetlbpage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/reading.h"
#include "probes/base/unseen.h"

namespace efa {

// "Max locked memory": what a process may pin, and so register with a device.
struct LockedMemory {
  bool unlimited = false;            // the soft limit, which counts
  std::optional<uint64_t> soft_kib;  // absent when unlimited
  std::optional<bool> hard_unlimited;
  std::optional<uint64_t> hard_kib;  // to which the process may raise its soft limit
};

template <class Io>
void describe(Io& io, LockedMemory& memory) {
  io("unlimited", memory.unlimited);
  io("soft_kib", memory.soft_kib);
  io("hard_unlimited", memory.hard_unlimited);
  io("hard_kib", memory.hard_kib);
}

struct ServiceLimits {
  std::string name;  // the command of its process
  int pid = 0;
  std::optional<LockedMemory> locked_memory;  // absent: could not be read
  std::optional<std::string> unit;            // "slurmd.service", of its control group
};

template <class Io>
void describe(Io& io, ServiceLimits& service) {
  io("name", service.name);
  io("pid", service.pid);
  io("locked_memory", service.locked_memory);
  io("unit", service.unit);
}

// A line LimitMEMLOCK= or DefaultLimitMEMLOCK=, as the file has it.
struct MemlockSetting {
  std::string source;  // the file
  std::string value;   // "" takes back what was set before
};

template <class Io>
void describe(Io& io, MemlockSetting& setting) {
  io("source", setting.source);
  io("value", setting.value);
}

// A unit file of a service through which jobs come, whether it runs or not.
struct UnitOnDisk {
  std::string name;                     // "slurmd.service"
  std::string state;                    // "enabled", "disabled", "static" or "masked"
  std::vector<MemlockSetting> memlock;  // in the order in which systemd applies them
  std::string last_drop_in;             // the name of the drop-in that is applied last
  std::vector<Unseen> unseen;           // files of it that could not be read
};

template <class Io>
void describe(Io& io, UnitOnDisk& unit) {
  io("name", unit.name);
  io("state", unit.state);
  io("memlock", unit.memlock);
  io("last_drop_in", unit.last_drop_in);
  io("unseen", unit.unseen);
}

// A line of limits.conf: "*  soft  memlock  unlimited".
struct PamLimit {
  std::string source;  // the file
  std::string domain;
  std::string type;   // "soft", "hard" or "-" (both)
  std::string value;  // KiB, or "unlimited"
};

template <class Io>
void describe(Io& io, PamLimit& line) {
  io("source", line.source);
  io("domain", line.domain);
  io("type", line.type);
  io("value", line.value);
}

// What decides the limits of a session: of a login (sshd) or of a job (slurm, where UsePAM=1).
struct PamStack {
  std::optional<bool> limits;  // the stack has pam_limits; absent: it could not be read, or is none
  std::string conf;            // of conf=FILE, which it then reads alone; else ""
  std::optional<Unseen> unseen;  // a file of it that is there and could not be read
};

template <class Io>
void describe(Io& io, PamStack& stack) {
  io("limits", stack.limits);
  io("conf", stack.conf);
  io("unseen", stack.unseen);
}

struct SlurmLimits {
  std::string file;                             // slurm.conf
  std::optional<std::string> propagate;         // PropagateResourceLimits
  std::optional<std::string> propagate_except;  // PropagateResourceLimitsExcept
  std::optional<bool> use_pam;
};

template <class Io>
void describe(Io& io, SlurmLimits& slurm) {
  io("file", slurm.file);
  io("propagate", slurm.propagate);
  io("propagate_except", slurm.propagate_except);
  io("use_pam", slurm.use_pam);
}

struct LimitsFacts {
  std::vector<ServiceLimits> services;  // pid 1 and those that start jobs
  std::vector<UnitOnDisk> units;        // theirs
  std::vector<MemlockSetting> manager;  // DefaultLimitMEMLOCK= for all units
  // of a service whose unit sets none: what systemd gives by default
  std::optional<LockedMemory> default_locked_memory;
  std::vector<PamLimit> pam_limits;         // in the order in which pam_limits reads them
  std::optional<Unseen> pam_limits_unseen;  // a file of theirs that could not be read
  std::optional<bool> ssh_uses_pam;         // absent: sshd_config could not be read, or is none
  std::optional<Unseen> sshd_unseen;        // sshd_config, or a file that it includes
  PamStack ssh_stack;
  PamStack slurm_stack;
  std::optional<SlurmLimits> slurm;          // absent: no slurm.conf was found
  std::optional<LockedMemory> docker_gives;  // default-ulimits of daemon.json
  std::vector<std::string> configured;  // "/etc/security/limits.conf: * soft memlock unlimited"
  std::optional<int> cpus;
  std::optional<uint64_t> hugepages_2m;
  std::optional<uint64_t> hugepages_2m_free;
  std::optional<uint64_t> hugepages_2m_reserved;  // of the free ones: promised to a mapping
  std::optional<uint64_t> hugepage_size_kib;      // the default size
  Reading<int> ptrace_scope;                      // absent: Yama is not built in
  std::optional<uint64_t> shm_total_kib;
  std::optional<uint64_t> shm_free_kib;
  std::optional<std::string> container;  // "docker"; absent: none was seen
  std::optional<bool> from_container;    // the node was looked at from a container of efa-doctor's
  std::optional<bool> may_lock_any;    // in a container: CAP_IPC_LOCK is effective in its process 1
  std::optional<bool> may_administer;  // it may do all that the host may: no confined container
  std::optional<bool> has_hosts_dev;   // in a container: /dev has all device nodes of the host
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
  io("units", facts.units);
  io("manager", facts.manager);
  io("default_locked_memory", facts.default_locked_memory);
  io("pam_limits", facts.pam_limits);
  io("pam_limits_unseen", facts.pam_limits_unseen);
  io("ssh_uses_pam", facts.ssh_uses_pam);
  io("sshd_unseen", facts.sshd_unseen);
  io("ssh_stack", facts.ssh_stack);
  io("slurm_stack", facts.slurm_stack);
  io("slurm", facts.slurm);
  io("docker_gives", facts.docker_gives);
  io("configured", facts.configured);
  io("cpus", facts.cpus);
  io("hugepages_2m", facts.hugepages_2m);
  io("hugepages_2m_free", facts.hugepages_2m_free);
  io("hugepages_2m_reserved", facts.hugepages_2m_reserved);
  io("hugepage_size_kib", facts.hugepage_size_kib);
  describe_reading(io, "ptrace_scope", facts.ptrace_scope);
  io("shm_total_kib", facts.shm_total_kib);
  io("shm_free_kib", facts.shm_free_kib);
  io("container", facts.container);
  io("from_container", facts.from_container);
  io("may_lock_any", facts.may_lock_any);
  io("may_administer", facts.may_administer);
  io("has_hosts_dev", facts.has_hosts_dev);
  io("cgroup", facts.cgroup);
  io("cgroup_memory_max", facts.cgroup_memory_max);
  io("cgroup_devices", facts.cgroup_devices);
  io("own_locked_memory", facts.own_locked_memory);
  io("effective_uid", facts.effective_uid);
  io("unseen", facts.unseen);
}

}  // namespace efa
