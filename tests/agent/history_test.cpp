// What earlier passes add to a diagnosis.

#include "agent/diagnose/history.h"

#include <gtest/gtest.h>

#include "tests/support/healthy_node.h"

namespace efa {
namespace {

constexpr int64_t kNow = 1'790'000'000'000;

Diagnosis healthy() {
  return diagnose(healthy_scene());
}

Diagnosis unhealthy() {
  Scene scene = healthy_scene();
  hang(scene, 1);
  return diagnose(scene);
}

Diagnosis without_driver() {
  Scene scene = healthy_scene();
  remove_driver(scene);
  return diagnose(scene);
}

Settling daemon(int64_t seconds, bool confirming = false) {
  return {kNow + seconds * 1000, 3600, 60, true, confirming};
}

const Finding& hung(const Diagnosis& diagnosis) {
  return *finding_of(diagnosis.findings, "rdma.counters-hang", device(1));
}

TEST(History, SaysSinceWhenACheckFailsAndHowOftenItBegan) {
  History history;
  Diagnosis first = unhealthy();
  settle(first, history, daemon(0));
  EXPECT_EQ(hung(first).since_ms, kNow);
  EXPECT_EQ(hung(first).times, 1);
  Diagnosis second = unhealthy();
  settle(second, history, daemon(300));
  EXPECT_EQ(hung(second).since_ms, kNow);
  Diagnosis clean = healthy();
  settle(clean, history, daemon(600));
  Diagnosis third = unhealthy();
  settle(third, history, daemon(900));
  EXPECT_EQ(hung(third).since_ms, kNow + 900'000);
  EXPECT_EQ(hung(third).times, 2);
}

TEST(History, AFaultShowsAtOnce) {
  History history;
  Diagnosis first = healthy();
  settle(first, history, daemon(0));
  Diagnosis second = unhealthy();
  settle(second, history, daemon(1));
  EXPECT_EQ(second.verdict, Verdict::kUnhealthy);
  EXPECT_FALSE(second.recovering);
}

TEST(History, ARecoveryIsConfirmedByASecondCleanPass) {
  History history;
  Diagnosis sick = unhealthy();
  settle(sick, history, daemon(0));
  Diagnosis first = healthy();
  settle(first, history, daemon(10));
  EXPECT_EQ(first.verdict, Verdict::kUnhealthy);
  EXPECT_TRUE(first.recovering);
  EXPECT_EQ(first.root_causes, sick.root_causes);
  EXPECT_EQ(first.summary, "recovering, to be confirmed by one more pass: " + sick.summary);
  Diagnosis second = healthy();
  settle(second, history, daemon(11, /*confirming=*/true));
  EXPECT_EQ(second.verdict, Verdict::kHealthy);
  EXPECT_FALSE(second.recovering);
}

TEST(History, APersonWhoAsksOnceIsToldWhatIsSeenNow) {
  History history;
  Diagnosis sick = unhealthy();
  settle(sick, history, daemon(0));
  Diagnosis now = healthy();
  settle(now, history, {kNow + 10'000, 3600, 60, /*confirm=*/false, false});
  EXPECT_EQ(now.verdict, Verdict::kHealthy);
}

TEST(History, ANodeThatLacksDevicesRightAfterBootIsStarting) {
  History history;
  Diagnosis diagnosis = without_driver();
  settle(diagnosis, history, {kNow, 20, 60, true, false});
  EXPECT_EQ(diagnosis.verdict, Verdict::kUnknown);
  EXPECT_TRUE(diagnosis.starting);
  EXPECT_TRUE(diagnosis.summary.starts_with("the node is starting, up for 20 s"));
}

TEST(History, AfterItsTimeANodeThatLacksDevicesIsBroken) {
  for (const auto& uptime : {std::optional<int64_t>(60), std::optional<int64_t>()}) {
    History history;
    Diagnosis diagnosis = without_driver();
    settle(diagnosis, history, {kNow, uptime, 60, true, false});
    EXPECT_EQ(diagnosis.verdict, Verdict::kUnhealthy);
    EXPECT_FALSE(diagnosis.starting);
  }
}

TEST(History, ADeviceThatHangsIsBrokenAlsoRightAfterBoot) {
  History history;
  Diagnosis diagnosis = unhealthy();
  settle(diagnosis, history, {kNow, 20, 60, true, false});
  EXPECT_EQ(diagnosis.verdict, Verdict::kUnhealthy);
}

TEST(History, ANodeThatWasWholeIsNotStartingAgain) {
  History history;
  Diagnosis first = healthy();
  settle(first, history, {kNow, 15, 60, true, false});
  Diagnosis second = without_driver();
  settle(second, history, {kNow + 5000, 20, 60, true, false});
  EXPECT_EQ(second.verdict, Verdict::kUnhealthy);
}

}  // namespace
}  // namespace efa
