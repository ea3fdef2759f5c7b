// When the next pass is due. Pure: times go in (milliseconds of CLOCK_MONOTONIC), times come out.
//
// A pass starts at once, on the interval, and soon after events; a burst of events makes one pass.
// One that saw a recovery or a node that is still starting is soon followed by another, and so is
// one that ended badly. Whatever asks for quick passes again and again gets them ever slower.
#pragma once

#include <cstdint>
#include <optional>

#include "agent/report/trigger.h"

namespace efa {

enum class Event {
  kDevices,  // a uevent, a device node that changed: counts at once
  kKernel,   // words of the driver: our own passes provoke them, so they count less often
  kRequest   // somebody asked
};

struct PassEnd {
  bool recovering = false;  // a fault is gone: to be confirmed
  bool starting = false;    // the node is still gaining devices
  int broken = 0;           // so many in a row, this one included, ended badly
};

class Schedule {
 public:
  // `spread` (of the machine id) shifts the interval, so that a fleet does not move in step.
  // The first pass is due at once.
  Schedule(int64_t interval_ms, uint64_t spread, int64_t now_ms, Trigger trigger = Trigger::kBoot);

  void set_interval(int64_t interval_ms) { interval_ms_ = interval_ms; }
  void on_event(Event event, int64_t now_ms);
  void on_pass_start(int64_t now_ms);
  void on_pass_end(PassEnd end, int64_t now_ms);

  [[nodiscard]] bool running() const { return running_; }
  // Nothing while a pass runs.
  [[nodiscard]] std::optional<int64_t> due_ms() const;
  // Why the due pass is due.
  [[nodiscard]] Trigger trigger() const { return trigger_; }

 private:
  void wish(int64_t at_ms, Trigger trigger);
  [[nodiscard]] int64_t next_interval(int64_t now_ms) const;
  [[nodiscard]] int64_t gap_ms() const;
  void calm_down(int64_t now_ms);

  int64_t interval_ms_;
  uint64_t spread_;
  bool running_ = false;
  std::optional<Event> again_;             // came while a pass ran; a request before all else
  std::optional<int64_t> first_event_ms_;  // of the burst that waits for its pass
  int64_t ended_ms_ = INT64_MIN / 2;
  int64_t due_ms_;
  Trigger trigger_;
  int quick_ = 0;  // passes in a row that neither the interval nor a person asked for
  int64_t quick_ended_ms_ = INT64_MIN / 2;
};

}  // namespace efa
