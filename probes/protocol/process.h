// Processes as the kernel shows them: a pid is reused, a pid with its start time is not.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace efa {

struct ProcessIdentity {
  int pid = 0;
  uint64_t start_time = 0;  // field 22 of /proc/<pid>/stat: clock ticks since boot
  std::string subject;      // what it was asked about
};

template <class Io>
void describe(Io& io, ProcessIdentity& process) {
  io("pid", process.pid);
  io("start_time", process.start_time);
  io("subject", process.subject);
}

// "7 (probe (x)) D 1 ..." -> the field after the command, which may itself hold ')'
std::optional<uint64_t> parse_start_time(const std::string& stat);
std::optional<uint64_t> start_time_of(pid_t pid);
// Reaps the child when it ends in time; nothing when it does not.
std::optional<int> wait_for_exit(pid_t pid, std::chrono::milliseconds limit);

}  // namespace efa
