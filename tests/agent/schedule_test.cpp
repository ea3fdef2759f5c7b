// When the daemon's passes are due.

#include "agent/watch/schedule.h"

#include <gtest/gtest.h>

#include "agent/watch/data_schedule.h"

namespace efa {
namespace {

constexpr int64_t kInterval = 300'000;

// A schedule whose first pass has run from 0 to 200 ms.
Schedule after_first_pass(PassEnd end = {}, uint64_t spread = 0) {
  Schedule schedule(kInterval, spread, 0);
  schedule.on_pass_start(0);
  schedule.on_pass_end(end, 200);
  return schedule;
}

TEST(Schedule, TheFirstPassIsDueAtOnce) {
  const Schedule schedule(kInterval, 12345, 7);
  EXPECT_EQ(schedule.due_ms(), 7);
  EXPECT_EQ(schedule.trigger(), Trigger::kBoot);
}

TEST(Schedule, NothingIsDueWhileAPassRuns) {
  Schedule schedule(kInterval, 0, 0);
  schedule.on_pass_start(0);
  EXPECT_FALSE(schedule.due_ms());
}

TEST(Schedule, TheIntervalIsShiftedByTheMachine) {
  EXPECT_EQ(after_first_pass({}, 0).due_ms(), kInterval);
  EXPECT_EQ(after_first_pass({}, 120'000).due_ms(), 120'000);
  EXPECT_EQ(after_first_pass({}, 100).due_ms(), kInterval + 100);
  EXPECT_EQ(after_first_pass({}, UINT64_MAX).trigger(), Trigger::kInterval);
  EXPECT_LE(*after_first_pass({}, UINT64_MAX).due_ms(), kInterval + 200);
}

TEST(Schedule, ABurstOfEventsMakesOnePassSoon) {
  Schedule schedule = after_first_pass();
  schedule.on_event(Event::kDevices, 10'000);
  EXPECT_EQ(schedule.due_ms(), 10'100);
  EXPECT_EQ(schedule.trigger(), Trigger::kEvent);
  schedule.on_event(Event::kDevices, 10'050);
  EXPECT_EQ(schedule.due_ms(), 10'150);
  for (int64_t now = 10'100; now < 12'000; now += 50) schedule.on_event(Event::kDevices, now);
  EXPECT_EQ(schedule.due_ms(), 10'300) << "a storm of events does not put the pass off for ever";
}

TEST(Schedule, AnEventDuringAPassIsNotLost) {
  Schedule schedule = after_first_pass();
  schedule.on_event(Event::kRequest, 10'000);
  schedule.on_pass_start(10'000);
  schedule.on_event(Event::kDevices, 10'050);
  schedule.on_pass_end({}, 10'200);
  EXPECT_EQ(schedule.due_ms(), 10'700);
  EXPECT_EQ(schedule.trigger(), Trigger::kEvent);
}

TEST(Schedule, ARequestDuringAPassIsDueAtItsEndAsARequest) {
  Schedule schedule = after_first_pass();
  schedule.on_pass_start(10'000);
  schedule.on_event(Event::kRequest, 10'050);
  schedule.on_event(Event::kDevices, 10'060);
  schedule.on_pass_end({}, 10'200);
  EXPECT_EQ(schedule.due_ms(), 10'200);
  EXPECT_EQ(schedule.trigger(), Trigger::kRequest);
}

TEST(Schedule, WordsOfTheDriverThatAPassProvokedMakeNoFurtherPass) {
  Schedule schedule = after_first_pass();
  schedule.on_event(Event::kKernel, 5'000);
  EXPECT_EQ(schedule.due_ms(), kInterval);
  schedule.on_event(Event::kKernel, 15'000);
  EXPECT_EQ(schedule.due_ms(), 15'100);
  schedule.on_pass_start(15'100);
  schedule.on_event(Event::kKernel, 15'300);
  schedule.on_pass_end({}, 15'400);
  EXPECT_EQ(schedule.due_ms(), kInterval);
}

TEST(Schedule, ARecoveryIsConfirmedWithinTwoSeconds) {
  const Schedule schedule = after_first_pass({.recovering = true});
  EXPECT_EQ(schedule.due_ms(), 700);
  EXPECT_EQ(schedule.trigger(), Trigger::kRecovery);
}

TEST(Schedule, ARecoveryThatWasNotConfirmedIsLookedAtFourTimesAMinute) {
  Schedule schedule = after_first_pass({.recovering = true});
  schedule.on_pass_start(700);
  schedule.on_pass_end({.recovering = true}, 800);
  EXPECT_EQ(schedule.due_ms(), 15'800);
  EXPECT_EQ(schedule.trigger(), Trigger::kRecovery);
}

TEST(Schedule, ANodeThatIsStartingIsLookedAtAgainSoon) {
  const Schedule schedule = after_first_pass({.starting = true});
  EXPECT_EQ(schedule.due_ms(), 5'200);
  EXPECT_EQ(schedule.trigger(), Trigger::kStarting);
}

TEST(Schedule, ARequestIsDueAtOnce) {
  Schedule schedule = after_first_pass();
  schedule.on_event(Event::kRequest, 9'000);
  EXPECT_EQ(schedule.due_ms(), 9'000);
  EXPECT_EQ(schedule.trigger(), Trigger::kRequest);
}

// The longest wait for each of `count` passes that all ask for another like `end`.
int64_t gap_after(int count, PassEnd end) {
  Schedule schedule(kInterval, 0, 0);
  int64_t now = 0;
  for (int pass = 0; pass < count; ++pass) {
    now = *schedule.due_ms();
    schedule.on_pass_start(now);
    schedule.on_pass_end(end, now);
  }
  return *schedule.due_ms() - now;
}

TEST(Schedule, PassesThatAlwaysAskForAnotherComeSlower) {
  EXPECT_EQ(gap_after(3, {.recovering = true}), 15'000);
  EXPECT_GE(gap_after(40, {.recovering = true}), 20'000);
  EXPECT_EQ(gap_after(12, {.starting = true}), 5'000) << "the minute after boot";
  EXPECT_GE(gap_after(40, {.starting = true}), 20'000);
}

TEST(Schedule, ADeviceThatComesAndGoesForEverGetsNoPassASecond) {
  Schedule schedule(kInterval, 0, 0);
  int passes = 0;
  for (int64_t now = 0; now < 3'600'000; now += 100) {
    schedule.on_event(Event::kDevices, now);
    if (now < *schedule.due_ms()) continue;
    schedule.on_pass_start(now);
    schedule.on_pass_end({}, now);
    ++passes;
  }
  EXPECT_GT(passes, 60);
  EXPECT_LT(passes, 160);
}

TEST(Schedule, AfterAMinuteWithoutOneEventsCountAtOnceAgain) {
  Schedule schedule(kInterval, 0, 0);
  int64_t now = 0;
  for (int pass = 0; pass < 40; ++pass) {
    schedule.on_event(Event::kDevices, now);
    now = *schedule.due_ms();
    schedule.on_pass_start(now);
    schedule.on_pass_end({}, now);
  }
  Schedule hurried = schedule;
  hurried.on_event(Event::kDevices, now + 10'000);
  EXPECT_EQ(hurried.due_ms(), now + 30'000);
  schedule.on_event(Event::kDevices, now + 61'000);
  EXPECT_EQ(schedule.due_ms(), now + 61'100);
}

TEST(Schedule, APassThatEndedBadlyIsMadeAgainTwice) {
  EXPECT_EQ(after_first_pass({.broken = 1}).due_ms(), 700);
  EXPECT_EQ(after_first_pass({.broken = 1}).trigger(), Trigger::kRetry);
  EXPECT_EQ(after_first_pass({.broken = 2}).due_ms(), 5'200);
  EXPECT_EQ(after_first_pass({.broken = 3}).due_ms(), kInterval);
  EXPECT_EQ(after_first_pass({.broken = 3}).trigger(), Trigger::kInterval);
}

TEST(DataSchedule, IsDueInEachPassWhileSomethingIsWrong) {
  DataSchedule data;
  data.set_interval(1'000'000);
  data.on_test(0);
  for (const char* verdict : {"unhealthy", "degraded"}) {
    data.on_verdict(verdict);
    EXPECT_TRUE(data.is_due(Trigger::kInterval, 10)) << verdict;
  }
  for (const char* verdict : {"healthy", "unknown", "not_applicable"}) {
    data.on_verdict(verdict);
    EXPECT_FALSE(data.is_due(Trigger::kInterval, 10)) << verdict;
  }
}

TEST(DataSchedule, IsDueAtFirstAfterARecoveryAndAtItsInterval) {
  DataSchedule data;
  EXPECT_FALSE(data.is_due(Trigger::kBoot, 0)) << "0: never";
  data.set_interval(1'000);
  EXPECT_TRUE(data.is_due(Trigger::kBoot, 0));
  data.on_test(0);
  EXPECT_FALSE(data.is_due(Trigger::kEvent, 999));
  EXPECT_TRUE(data.is_due(Trigger::kInterval, 1'000));
  EXPECT_TRUE(data.is_due(Trigger::kRecovery, 1));
  data.set_interval(0);
  EXPECT_FALSE(data.is_due(Trigger::kRecovery, 5'000));
}

}  // namespace
}  // namespace efa
