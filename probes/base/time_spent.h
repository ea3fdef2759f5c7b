// How the time went of a process that gave no answer: what tells a device that holds its caller
// from a caller that got no CPU. Only the kernel's word blames a device; time that ran out is none.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "probes/base/process.h"

namespace efa {

struct TimeSpent {
  int64_t waited_ms = 0;
  int64_t cpu_ms = 0;
  std::optional<int64_t> queued_ms;  // ready to run, but in line for a CPU
  std::string state;                 // as Sight has it, when time was up
  std::string waits_in;
  int64_t slept_ms = 0;         // in one and the same sleep beyond any signal, up to the end
  bool outlived_kill = false;   // SIGKILL did not end that sleep
  std::optional<int> pressure;  // /proc/pressure/cpu, where the kernel has it
};

template <class Io>
void describe(Io& io, TimeSpent& spent) {
  io("waited_ms", spent.waited_ms);
  io("cpu_ms", spent.cpu_ms);
  io("queued_ms", spent.queued_ms);
  io("state", spent.state);
  io("waits_in", spent.waits_in);
  io("slept_ms", spent.slept_ms);
  io("outlived_kill", spent.outlived_kill);
  io("pressure", spent.pressure);
}

// Follows a process that may sleep: how long it has now been in one sleep beyond any signal.
class SleepWatch {
 public:
  using Clock = std::chrono::steady_clock;
  void look(const Sight& sight, Clock::time_point now);
  [[nodiscard]] std::chrono::milliseconds slept(Clock::time_point now) const;

 private:
  std::optional<Sight> asleep_;
  Clock::time_point since_;
};

// Asleep in the efa driver, or where the kernel does not show in what.
//
// What efa_com.c does in Linux 6.1, 6.12 and 7.3 (the last two seen at work): the caller of an
// admin command sleeps in wait_for_completion_timeout() until the device answers or 30 s are over
// (the device may ask for 0.1 to 1.5 s), and before that in down() until the queue has room. Both
// are uninterruptible and one sleep each: state D, wchan efa_com_cmd_exec. The queue is polled only
// while the driver binds the device, before it has a counter to read or a node to open: D as well,
// but in msleep() of 100 ms each, so never a long sleep. A register read spins for at most 50 ms:
// state R.
// Elsewhere in the kernel (a page that comes from a dead disk, a lock that another reader holds)
// is no word about the device.
bool is_in_driver(const Sight& sight);

// The kernel's proof that a device hangs: the driver has held the caller in one long sleep, and
// SIGKILL did not end it.
bool is_held(const TimeSpent& spent, std::chrono::milliseconds long_sleep);
// It could not have answered in time: it was in line for a CPU when it should have run.
bool is_short_of_cpu(const TimeSpent& spent);
// "8400 ms: 310 on a CPU, 7904 in line for one, then ready to run; CPU pressure 97 %"
std::string in_words(const TimeSpent& spent);

}  // namespace efa
