// The daemon's event loop: the signals that steer it, one alarm, the clock by which it is set.
// Interface: sd-event(3). Others add to the loop what they listen to.
#pragma once

#include <systemd/sd-event.h>

#include <cstdint>
#include <functional>

namespace efa {

class Loop {
 public:
  // SIGTERM, SIGINT, SIGHUP and SIGUSR1 are told, and each time the alarm goes off.
  Loop(std::function<void(int signal)> on_signal, std::function<void()> on_alarm);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  bool set_up();
  // Until end(); returns its code, or a negative one when the loop fails.
  int run();
  void end(int code);

  // Of CLOCK_MONOTONIC, as it was when the loop woke.
  [[nodiscard]] int64_t now_ms() const;
  // In place of the time that was set before.
  void wake_at(int64_t at_ms);

  [[nodiscard]] sd_event* get() const { return loop_; }

 private:
  static int take_signal(sd_event_source* source, const signalfd_siginfo* info, void* self);
  static int take_alarm(sd_event_source* source, uint64_t usec, void* self);

  std::function<void(int signal)> on_signal_;
  std::function<void()> on_alarm_;
  sd_event* loop_ = nullptr;
  sd_event_source* alarm_ = nullptr;
};

}  // namespace efa
