// What earlier passes add to a diagnosis.

#include "agent/diagnose/history.h"

#include <gtest/gtest.h>

#include "tests/support/healthy_node.h"

namespace efa {
namespace {

constexpr int64_t kNow = 1'790'000'000'000;
constexpr int64_t kBoot = 3'600'000;

Scene healthy() {
  return healthy_scene();
}

Scene unhealthy() {
  Scene scene = healthy_scene();
  hang(scene, 1);
  return scene;
}

Scene without_driver() {
  Scene scene = healthy_scene();
  remove_driver(scene);
  return scene;
}

Settling daemon(int64_t seconds, bool confirming = false) {
  return {{kNow + seconds * 1000, kBoot + seconds * 1000}, 3600, 60, true, confirming};
}

Settling booting(std::optional<int64_t> uptime_s) {
  return {{kNow, uptime_s.value_or(20) * 1000}, uptime_s, 60, true, false};
}

Diagnosis pass(Scene scene, History& history, const Settling& settling) {
  scene.expectation.past.now_ms = settling.now.boot_ms;
  scene.expectation.past.failing = failing_in(history);
  Diagnosis diagnosis = diagnose(scene.node, scene.expectation, history, settling.now);
  settle(diagnosis, history, settling);
  return diagnosis;
}

// Passes of the daemon, each of which knows whether the one before saw a recovery.
class Daemon {
 public:
  Diagnosis pass(const Scene& scene, int64_t seconds) {
    Diagnosis diagnosis = efa::pass(scene, history_, daemon(seconds, confirming_));
    confirming_ = diagnosis.recovering;
    return diagnosis;
  }

 private:
  History history_;
  bool confirming_ = false;
};

const Finding& hung(const Diagnosis& diagnosis) {
  return *finding_of(diagnosis.findings, "rdma.counters-hang", device(1));
}

TEST(History, SaysSinceWhenACheckFailsAndHowOftenItBegan) {
  History history;
  const Diagnosis first = pass(unhealthy(), history, daemon(0));
  EXPECT_EQ(hung(first).since_ms, kNow);
  EXPECT_EQ(hung(first).times, 1);
  const Diagnosis second = pass(unhealthy(), history, daemon(300));
  EXPECT_EQ(hung(second).since_ms, kNow);
  pass(healthy(), history, daemon(600));
  const Diagnosis third = pass(unhealthy(), history, daemon(900));
  EXPECT_EQ(hung(third).since_ms, kNow + 900'000);
  EXPECT_EQ(hung(third).times, 2);
}

TEST(History, AFaultShowsAtOnce) {
  History history;
  pass(healthy(), history, daemon(0));
  const Diagnosis second = pass(unhealthy(), history, daemon(1));
  EXPECT_EQ(second.verdict, Verdict::kUnhealthy);
  EXPECT_FALSE(second.recovering);
}

TEST(History, ARecoveryIsConfirmedByASecondCleanPass) {
  History history;
  const Diagnosis sick = pass(unhealthy(), history, daemon(0));
  const Diagnosis first = pass(healthy(), history, daemon(10));
  EXPECT_EQ(first.verdict, Verdict::kUnhealthy);
  EXPECT_TRUE(first.recovering);
  EXPECT_EQ(first.root_causes, sick.root_causes);
  EXPECT_EQ(first.summary, "recovering, to be confirmed by one more pass: " + sick.summary);
  const Diagnosis second = pass(healthy(), history, daemon(11, /*confirming=*/true));
  EXPECT_EQ(second.verdict, Verdict::kHealthy);
  EXPECT_FALSE(second.recovering);
}

TEST(History, APersonWhoAsksOnceIsToldWhatIsSeenNow) {
  History history;
  pass(unhealthy(), history, daemon(0));
  Settling once = daemon(10);
  once.confirm = false;
  EXPECT_EQ(pass(healthy(), history, once).verdict, Verdict::kHealthy);
}

TEST(History, ANodeThatLacksDevicesRightAfterBootIsStarting) {
  History history;
  const Diagnosis diagnosis = pass(without_driver(), history, booting(20));
  EXPECT_EQ(diagnosis.verdict, Verdict::kUnknown);
  EXPECT_TRUE(diagnosis.starting);
  EXPECT_TRUE(diagnosis.summary.starts_with("the node is starting, up for 20 s"));
}

TEST(History, AfterItsTimeANodeThatLacksDevicesIsBroken) {
  for (const auto& uptime : {std::optional<int64_t>(60), std::optional<int64_t>()}) {
    History history;
    const Diagnosis diagnosis = pass(without_driver(), history, booting(uptime));
    EXPECT_EQ(diagnosis.verdict, Verdict::kUnhealthy);
    EXPECT_FALSE(diagnosis.starting);
  }
}

TEST(History, ADeviceThatHangsIsBrokenAlsoRightAfterBoot) {
  History history;
  EXPECT_EQ(pass(unhealthy(), history, booting(20)).verdict, Verdict::kUnhealthy);
}

TEST(History, ANodeThatWasWholeIsNotStartingAgain) {
  History history;
  pass(healthy(), history, booting(15));
  EXPECT_EQ(pass(without_driver(), history, booting(20)).verdict, Verdict::kUnhealthy);
}

TEST(History, WhatCameLateWhileItStartedWasNoFirstTime) {
  History history;
  pass(without_driver(), history, booting(5));
  pass(healthy(), history, booting(15));
  const Diagnosis lost = pass(without_driver(), history, booting(40));
  const Finding* finding = finding_of(lost.findings, "kernel.driver-not-loaded", kNodeSubject);
  EXPECT_EQ(finding->times, 1);
  EXPECT_TRUE(pass(healthy(), history, booting(45)).recovering);
  Settling confirming = booting(46);
  confirming.confirming = true;
  EXPECT_EQ(pass(healthy(), history, confirming).verdict, Verdict::kHealthy);
}

// What a pass that could not look makes of it.

Scene restricted() {
  Scene scene = healthy_scene();
  scene.rdma(0).uverbs->mode = 0600;
  return scene;
}

Scene with_unknown_mode() {
  Scene scene = healthy_scene();
  scene.rdma(0).uverbs->mode.reset();
  return scene;
}

// The rdma probe was killed before it said anything.
Scene without_rdma_probe() {
  Scene scene = healthy_scene();
  silence(scene.node.rdma, ProbeStatus::kTimedOut, "killed at the deadline");
  return scene;
}

TEST(History, WhatCouldNotBeLookedAtAgainStillFails) {
  Daemon daemon;
  const Diagnosis sick = daemon.pass(restricted(), 0);
  for (const int64_t seconds : {300, 301, 600}) {
    const Diagnosis blind = daemon.pass(with_unknown_mode(), seconds);
    EXPECT_EQ(blind.verdict, sick.verdict);
    EXPECT_EQ(blind.root_causes, sick.root_causes);
    EXPECT_FALSE(blind.recovering);
    const Finding* finding = finding_of(blind.findings, "node.restricted-mode", device(0));
    EXPECT_EQ(finding->result, FindingResult::kFail);
    EXPECT_NE(finding->message.find("as last seen, for now its mode could not be read"),
              std::string::npos)
        << finding->message;
    EXPECT_EQ(finding->since_ms, kNow);
    EXPECT_EQ(finding->times, 1);
  }
  EXPECT_TRUE(daemon.pass(healthy(), 900).recovering);
  EXPECT_EQ(daemon.pass(healthy(), 901).verdict, Verdict::kHealthy);
}

TEST(History, WhatIsInNoFindingSinceItsProbeDidNotGetThereIsNotOver) {
  Daemon daemon;
  const Diagnosis sick = daemon.pass(restricted(), 0);
  EXPECT_EQ(sick.verdict, Verdict::kDegraded);
  for (const int64_t seconds : {300, 301}) {
    const Diagnosis blind = daemon.pass(without_rdma_probe(), seconds);
    EXPECT_NE(blind.verdict, Verdict::kHealthy);
    EXPECT_FALSE(blind.recovering);
  }
  EXPECT_TRUE(daemon.pass(healthy(), 600).recovering);
}

TEST(History, APassThatCouldNotLookConfirmsNoRecovery) {
  Daemon daemon;
  const Diagnosis sick = daemon.pass(restricted(), 0);
  EXPECT_TRUE(daemon.pass(healthy(), 300).recovering);
  const Diagnosis blind = daemon.pass(with_unknown_mode(), 301);
  EXPECT_EQ(blind.verdict, sick.verdict);
  EXPECT_TRUE(daemon.pass(healthy(), 600).recovering);
  EXPECT_EQ(daemon.pass(healthy(), 601).verdict, Verdict::kHealthy);
}

TEST(History, AVerdictThatIsUnknownForAWhileIsNoRecovery) {
  Daemon daemon;
  daemon.pass(unhealthy(), 0);
  Scene blind = healthy_scene();
  silence(blind.node.pci, ProbeStatus::kTimedOut);
  EXPECT_NE(daemon.pass(blind, 300).verdict, Verdict::kHealthy);
  const Diagnosis first = daemon.pass(healthy(), 600);
  EXPECT_EQ(first.verdict, Verdict::kUnhealthy);
  EXPECT_TRUE(first.recovering);
  EXPECT_EQ(daemon.pass(healthy(), 601).verdict, Verdict::kHealthy);
}

TEST(History, WhatIsGoneForGoodIsOver) {
  Daemon daemon;
  daemon.pass(restricted(), 0);
  Scene unbound = healthy_scene();
  lose_rdma(unbound, 0);
  const Diagnosis other = daemon.pass(unbound, 300);
  EXPECT_EQ(other.root_causes, std::vector<std::string>{"rdma.not-registered"});
  EXPECT_TRUE(daemon.pass(healthy(), 600).recovering);
  EXPECT_EQ(daemon.pass(healthy(), 601).verdict, Verdict::kHealthy);
}

}  // namespace
}  // namespace efa
