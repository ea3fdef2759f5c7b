#include "probes/base/time_spent.h"

namespace efa {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

void SleepWatch::look(const Sight& sight, Clock::time_point now) {
  if (sight.state != 'D') {
    asleep_.reset();
    return;
  }
  const bool same = asleep_ && asleep_->turns == sight.turns && asleep_->cpu_ms == sight.cpu_ms &&
                    asleep_->waits_in == sight.waits_in;
  if (same) return;
  asleep_ = sight;
  since_ = now;
}

milliseconds SleepWatch::slept(Clock::time_point now) const {
  return asleep_ ? duration_cast<milliseconds>(now - since_) : milliseconds(0);
}

bool is_in_driver(const Sight& sight) {
  return sight.state == 'D' && (sight.waits_in.empty() || sight.waits_in.starts_with("efa_"));
}

bool is_held(const TimeSpent& spent, milliseconds long_sleep) {
  Sight last;
  last.state = spent.state.empty() ? '?' : spent.state.front();
  last.waits_in = spent.waits_in;
  return is_in_driver(last) && spent.outlived_kill && milliseconds(spent.slept_ms) >= long_sleep;
}

bool is_short_of_cpu(const TimeSpent& spent) {
  constexpr int kHighPressure = 50;
  constexpr int64_t kNoticeableMs = 250;
  const int64_t queued_ms = spent.queued_ms.value_or(0);
  if (queued_ms > 0 && queued_ms >= spent.waited_ms / 3) return true;  // else it is a few ms
  const bool crowded = spent.pressure.value_or(0) >= kHighPressure;
  // The wait that goes on is not counted yet. One that spins on a CPU of its own is not in line.
  const bool in_line = spent.state == "R" && spent.cpu_ms / 3 < spent.waited_ms / 4;
  if (in_line && (crowded || queued_ms >= kNoticeableMs)) return true;
  return !spent.queued_ms && crowded && spent.state != "D";
}

std::string in_words(const TimeSpent& spent) {
  std::string words =
      std::to_string(spent.waited_ms) + " ms: " + std::to_string(spent.cpu_ms) + " on a CPU, " +
      (spent.queued_ms ? std::to_string(*spent.queued_ms) : std::string("unknown")) +
      " in line for one";
  if (spent.state == "R") words += ", then ready to run";
  if (spent.slept_ms > 0) words += ", the last " + std::to_string(spent.slept_ms) + " asleep";
  if (!spent.waits_in.empty()) words += " in " + spent.waits_in;
  if (spent.pressure) words += "; CPU pressure " + std::to_string(*spent.pressure) + " %";
  return words;
}

}  // namespace efa
