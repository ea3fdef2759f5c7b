#include "agent/watch/schedule.h"

#include <algorithm>

namespace efa {
namespace {

constexpr int64_t kQuietMs = 100;    // a burst of events has ended after so long without one
constexpr int64_t kBurstMs = 300;    // and is not waited for any longer: a fault shows within 2 s
constexpr int64_t kBetweenMs = 500;  // of the end of one pass and the next for an event
constexpr int64_t kKernelGapMs = 10'000;  // the driver's words after a pass may be its echo
constexpr int64_t kConfirmMs = 500;       // the second clean pass follows the first within 2 s
constexpr int64_t kDoubtedMs = 15'000;    // what that pass did not confirm is looked at again
constexpr int64_t kStartingMs = 5'000;    // devices that are late come one by one
constexpr int64_t kSecondRetryMs = 5'000;
constexpr int kFreely = 20;  // quick passes in a row before they come slower; a boot has 10
constexpr int64_t kMostGapMs = 30'000;  // a device that comes and goes for ever costs no more
constexpr int64_t kCalmMs = 60'000;     // after so long without one they come freely again

}  // namespace

Schedule::Schedule(int64_t interval_ms, uint64_t spread, int64_t now_ms, Trigger trigger)
    : interval_ms_(interval_ms), spread_(spread), due_ms_(now_ms), trigger_(trigger) {}

std::optional<int64_t> Schedule::due_ms() const {
  return running_ ? std::nullopt : std::optional(due_ms_);
}

void Schedule::wish(int64_t at_ms, Trigger trigger) {
  if (at_ms >= due_ms_) return;
  due_ms_ = at_ms;
  trigger_ = trigger;
}

// Between the end of a pass and the next that nobody asked for: doubles with each beyond kFreely.
int64_t Schedule::gap_ms() const {
  constexpr int kMostDoublings = 6;
  const int doublings = std::clamp(quick_ - kFreely, 0, kMostDoublings);
  return std::min(kBetweenMs << doublings, kMostGapMs);
}

void Schedule::calm_down(int64_t now_ms) {
  if (now_ms - quick_ended_ms_ > kCalmMs) quick_ = 0;
}

void Schedule::on_event(Event event, int64_t now_ms) {
  if (event == Event::kKernel && (running_ || now_ms - ended_ms_ < kKernelGapMs)) return;
  if (running_) {
    if (again_ != Event::kRequest) again_ = event;
    return;
  }
  if (event == Event::kRequest) {
    wish(now_ms, Trigger::kRequest);
    return;
  }
  calm_down(now_ms);
  if (!first_event_ms_) first_event_ms_ = now_ms;
  const int64_t after_burst = std::min(now_ms + kQuietMs, *first_event_ms_ + kBurstMs);
  const int64_t at_ms = std::max(after_burst, ended_ms_ + gap_ms());
  // each further event of a burst puts its pass off, but no pass that was due before
  if (trigger_ == Trigger::kEvent && due_ms_ > now_ms) {
    due_ms_ = at_ms;
  } else {
    wish(at_ms, Trigger::kEvent);
  }
}

void Schedule::on_pass_start(int64_t now_ms) {
  calm_down(now_ms);
  running_ = true;
  again_.reset();
  first_event_ms_.reset();
}

int64_t Schedule::next_interval(int64_t now_ms) const {
  const auto offset = static_cast<int64_t>(spread_ % static_cast<uint64_t>(interval_ms_));
  const int64_t periods = (now_ms - offset) / interval_ms_ + (now_ms < offset ? 0 : 1);
  return offset + periods * interval_ms_;
}

void Schedule::on_pass_end(PassEnd end, int64_t now_ms) {
  const bool quick =
      trigger_ != Trigger::kInterval && trigger_ != Trigger::kRequest && trigger_ != Trigger::kBoot;
  if (quick) {
    ++quick_;
    quick_ended_ms_ = now_ms;
  }
  const int64_t confirm_ms = trigger_ == Trigger::kRecovery ? kDoubtedMs : kConfirmMs;
  running_ = false;
  ended_ms_ = now_ms;
  due_ms_ = next_interval(now_ms);
  trigger_ = Trigger::kInterval;
  if (end.starting) wish(now_ms + std::max(kStartingMs, gap_ms()), Trigger::kStarting);
  if (end.recovering) wish(now_ms + std::max(confirm_ms, gap_ms()), Trigger::kRecovery);
  if (end.broken == 1) wish(now_ms + gap_ms(), Trigger::kRetry);
  if (end.broken == 2) wish(now_ms + std::max(kSecondRetryMs, gap_ms()), Trigger::kRetry);
  if (again_) wish(now_ms + gap_ms(), Trigger::kEvent);
  if (again_ == Event::kRequest) wish(now_ms, Trigger::kRequest);
}

}  // namespace efa
