// In which passes of the daemon own messages are sent over the devices: in its first one, while the
// node gains devices, as long as something is wrong, in one that confirms a recovery, and else at
// an interval. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/report/trigger.h"

namespace efa {

class DataSchedule {
 public:
  // 0: in none.
  void set_interval(int64_t interval_ms) { interval_ms_ = interval_ms; }
  // Of a pass for that reason. Times are of CLOCK_MONOTONIC.
  [[nodiscard]] bool is_due(Trigger trigger, int64_t now_ms) const;
  void on_test(int64_t now_ms) { last_ms_ = now_ms; }
  // What a test saw fail only a test can see well again.
  void on_verdict(const std::string& verdict);

 private:
  int64_t interval_ms_ = 0;
  std::optional<int64_t> last_ms_;
  bool doubtful_ = false;
};

}  // namespace efa
