#include "agent/watch/data_schedule.h"

#include "probes/judging/words.h"

namespace efa {

bool DataSchedule::is_due(Trigger trigger, int64_t now_ms) const {
  if (interval_ms_ == 0) return false;
  const bool changed = trigger == Trigger::kRecovery || trigger == Trigger::kStarting;
  return !last_ms_ || changed || doubtful_ || now_ms - *last_ms_ >= interval_ms_;
}

void DataSchedule::on_verdict(const std::string& verdict) {
  doubtful_ =
      verdict == verdict_text(Verdict::kUnhealthy) || verdict == verdict_text(Verdict::kDegraded);
}

}  // namespace efa
