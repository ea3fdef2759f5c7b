#include "agent/watch/loop.h"

#include <signal.h>

#include <algorithm>
#include <utility>

namespace efa {

Loop::Loop(std::function<void(int signal)> on_signal, std::function<void()> on_alarm)
    : on_signal_(std::move(on_signal)), on_alarm_(std::move(on_alarm)) {}

Loop::~Loop() {
  sd_event_source_unref(alarm_);
  sd_event_unref(loop_);
}

bool Loop::set_up() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  if (sd_event_default(&loop_) < 0) return false;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) {
    if (sd_event_add_signal(loop_, nullptr, signal, take_signal, this) < 0) return false;
  }
  constexpr uint64_t kAccuracyUsec = 50'000;
  if (sd_event_add_time(loop_, &alarm_, CLOCK_MONOTONIC, 0, kAccuracyUsec, take_alarm, this) < 0) {
    return false;
  }
  sd_event_set_watchdog(loop_, 1);
  return true;
}

int Loop::run() {
  return sd_event_loop(loop_);
}

void Loop::end(int code) {
  sd_event_exit(loop_, code);
}

int64_t Loop::now_ms() const {
  uint64_t usec = 0;
  sd_event_now(loop_, CLOCK_MONOTONIC, &usec);
  return static_cast<int64_t>(usec / 1000);
}

void Loop::wake_at(int64_t at_ms) {
  sd_event_source_set_time(alarm_, static_cast<uint64_t>(std::max<int64_t>(at_ms, 0)) * 1000);
  sd_event_source_set_enabled(alarm_, SD_EVENT_ONESHOT);
}

int Loop::take_signal(sd_event_source* /*source*/, const signalfd_siginfo* info, void* self) {
  static_cast<Loop*>(self)->on_signal_(static_cast<int>(info->ssi_signo));
  return 0;
}

int Loop::take_alarm(sd_event_source* /*source*/, uint64_t /*usec*/, void* self) {
  static_cast<Loop*>(self)->on_alarm_();
  return 0;
}

}  // namespace efa
