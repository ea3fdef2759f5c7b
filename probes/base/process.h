// Processes as the kernel shows them: a pid is reused, a pid with its start time is not.
// Interface: proc_pid_stat(5), proc_pid_wchan(5); /proc/<pid>/schedstat: sched-stats.rst.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace efa {

struct ProcessIdentity {
  int pid = 0;
  uint64_t start_time = 0;  // field 22 of /proc/<pid>/stat: clock ticks since boot
  std::string subject;      // what it was asked about
  // on a CPU when it was left behind: one that has had more of them since has gone on
  std::optional<uint64_t> turns;
};

template <class Io>
void describe(Io& io, ProcessIdentity& process) {
  io("pid", process.pid);
  io("start_time", process.start_time);
  io("subject", process.subject);
  io("turns", process.turns);
}

// A process at one moment.
struct Sight {
  char state = '?';  // R: runs or is ready to; S: sleeps; D: sleeps beyond any signal
  uint64_t start_time = 0;
  int64_t cpu_ms = 0;                // of all its threads, in user mode and in the kernel
  std::optional<int64_t> queued_ms;  // ready to run, but in line for a CPU; absent: not counted
  uint64_t turns = 0;                // that it has had on a CPU; 0: not counted
  std::string waits_in;              // in state D: the kernel's function, where it is shown
};

// "7 (probe (x)) D 1 ...": state, start time and CPU time; the command may itself hold ')'
std::optional<Sight> parse_stat(const std::string& stat);
// "1834027 52933 41": nanoseconds on a CPU and in line for one, turns; "0 0 0": not counted
bool parse_schedstat(const std::string& schedstat, Sight& sight);
// "some avg10=93.21 avg60=...": 93 per cent of the last 10 s something was in line for a CPU
std::optional<int> parse_pressure(const std::string& pressure);

std::optional<Sight> look_at(pid_t pid);
std::optional<uint64_t> start_time_of(pid_t pid);
// With what it started: the CPU time of all; of the one that was in line longest, how long; and
// state R when any of them is.
std::optional<Sight> look_at_tree(pid_t pid);
std::optional<int> cpu_pressure();
// Still that process, in the very sleep beyond any signal in which it was left behind.
bool sleeps_on(const ProcessIdentity& left);

}  // namespace efa
