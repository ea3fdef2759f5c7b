// What is said of the growth of counters, and what is remembered of them.

#include <gtest/gtest.h>

#include "probes/rdma/counters_checks.h"
#include "tests/support/check_case.h"

namespace efa {
namespace {

constexpr int64_t kNow = 1'000'000'000;
constexpr int64_t kMinute = 60'000;

Counters& counters(Scene& scene) {
  return scene.node.rdma.facts.counters.at(0);
}

// Device 0 was read a minute ago, when every counter stood at 1000.
CounterBaseline baseline_of(Scene& scene) {
  CounterBaseline baseline;
  baseline.address = address(0);
  baseline.registration = scene.rdma(0).registration.value_or(0);
  baseline.at_ms = kNow - kMinute;
  for (const char* name : {"no_completion_cmds", "cmds_err", "reg_mr_err"}) {
    counters(scene).device[name] = baseline.values[name] = 1000;
  }
  for (const char* name : {"rx_drops", "rdma_read_wr_err", "unresponsive_remote_events",
                           "retrans_bytes", "retrans_pkts", "retrans_timeout_events"}) {
    counters(scene).port[name] = baseline.values[name] = 1000;
  }
  counters(scene).device["keep_alive_rcvd"] = baseline.keep_alives = 70;
  baseline.keep_alive_ms = kNow - 2000;
  baseline.keep_alive_period_ms = 1500;
  return baseline;
}

void with_past(Scene& scene) {
  scene.expectation.past.now_ms = kNow;
  scene.expectation.past.baselines = {baseline_of(scene)};
}

// After a minute in which that counter grew by so much.
std::function<void(Scene&)> growth(const char* name, uint64_t by) {
  return [name, by](Scene& scene) {
    with_past(scene);
    Counters& now = counters(scene);
    auto& values = now.port.contains(name) ? now.port : now.device;
    values[name] += by;
  };
}

void silence_keep_alive(Scene& scene) {
  with_past(scene);
  scene.expectation.past.baselines.front().keep_alive_ms = kNow - kMinute;
}

MaybeResult result_of(const Scene& scene, const std::string& code) {
  return efa::result_of(scene, code, device(0));
}

}  // namespace

CheckCases counters_cases() {
  CheckCases cases = {
      {"counters.no-completion", kFail, device(0), growth("no_completion_cmds", 1)},
      {"counters.command-errors", kFail, device(0), growth("cmds_err", 601)},
      {"counters.resource-errors", kFail, device(0), growth("reg_mr_err", 1)},
      {"counters.receive-drops", kFail, device(0), growth("rx_drops", 6001)},
      {"counters.rdma-errors", kFail, device(0), growth("rdma_read_wr_err", 6001)},
      {"counters.remote-unresponsive", kFail, device(0),
       growth("unresponsive_remote_events", 6001)},
      {"counters.retransmissions", kFail, device(0), growth("retrans_pkts", 60'001)},
      {"counters.keep-alive-stopped", kFail, device(0), silence_keep_alive},
  };
  const size_t count = cases.size();
  for (size_t i = 0; i < count; ++i) {
    cases.push_back(
        {cases[i].code, kUnknown, device(0), [](Scene& s) { s.node.rdma.facts.counters.clear(); }});
    cases.push_back({cases[i].code, kPass, device(0), with_past});
  }
  return cases;
}

namespace {

TEST(CountersJudge, TheFirstSampleIsNoAlarm) {
  for (const Check* check : kCountersChecks) {
    const std::string code(check->code);
    Scene scene = healthy_scene();
    with_past(scene);
    EXPECT_EQ(result_of(scene, code), kPass) << code;
    scene.expectation.past.baselines.clear();
    EXPECT_EQ(result_of(scene, code), kNotApplicable) << code;
  }
}

TEST(CountersJudge, ASmallGrowthIsNoAlarm) {
  for (const auto& [name, by, code] :
       {std::tuple{"rx_drops", 5999, "counters.receive-drops"},
        std::tuple{"retrans_bytes", 59'000'000, "counters.retransmissions"},
        std::tuple{"cmds_err", 600, "counters.command-errors"}}) {
    Scene scene = healthy_scene();
    growth(name, static_cast<uint64_t>(by))(scene);
    EXPECT_EQ(result_of(scene, code), kPass) << name;
  }
}

// A GPU's memory that was not registered after a minute of starts of jobs; and another counter.
Scene with_refused_memory(DirectMemory direct_memory) {
  Scene scene = healthy_scene();
  growth("reg_mr_err", 16)(scene);
  scene.expectation.direct_memory = direct_memory;
  counters(scene).device["create_qp_err"] = 1000;
  scene.expectation.past.baselines.front().values["create_qp_err"] = 1000;
  return scene;
}

constexpr const char* kResources = "counters.resource-errors";

// g5.48xlarge: libfabric tries it at each start.
TEST(CountersJudge, MemoryThatAGpuOfThisTypeCannotGiveIsNotMissed) {
  Scene scene = with_refused_memory(DirectMemory::kImpossible);
  EXPECT_EQ(result_of(scene, kResources), kPass);
  counters(scene).device.erase("cmds_err");
  EXPECT_EQ(result_of(scene, kResources), kPass) << "whether the device refused is not known";
}

TEST(CountersJudge, WhatTheDeviceItselfRefusesIsTold) {
  Scene scene = with_refused_memory(DirectMemory::kImpossible);
  counters(scene).device["cmds_err"] += 16;
  EXPECT_EQ(result_of(scene, kResources), kFail);
  scene = with_refused_memory(DirectMemory::kImpossible);
  counters(scene).device["create_qp_err"] += 1;
  EXPECT_EQ(result_of(scene, kResources), kFail) << "no memory";
}

TEST(CountersJudge, MemoryThatIsRefusedWhereGpusCanGiveItIsTold) {
  EXPECT_EQ(result_of(with_refused_memory(DirectMemory::kRequired), kResources), kFail);
  EXPECT_EQ(result_of(with_refused_memory(DirectMemory::kNotKnown), kResources), kFail)
      << "a node without GPUs";
}

// With NVIDIA's proprietary driver, whose memory efa does not reach.
TEST(CountersJudge, WhereBothWaysAreClosedNoMemoryIsMissed) {
  Scene scene = with_refused_memory(DirectMemory::kNotKnown);
  GpuFacts& gpu = scene.node.gpu.facts;
  gpu.nvidia.emplace_back();
  gpu.nvidia_open = false;
  gpu.p2p = PeerMemory{address(0), "p2p", ""};
  EXPECT_EQ(result_of(scene, kResources), kPass);
  gpu.nvidia_open = true;
  EXPECT_EQ(result_of(scene, kResources), kFail) << "by dma-buf";
  gpu.nvidia_open = false;
  gpu.p2p->provider = "NVIDIA";
  EXPECT_EQ(result_of(scene, kResources), kFail) << "by peer memory";
}

TEST(CountersJudge, ACounterThatWasResetIsNoAlarm) {
  Scene scene = healthy_scene();
  with_past(scene);
  counters(scene).port["rx_drops"] = 3;
  EXPECT_EQ(result_of(scene, "counters.receive-drops"), kNotApplicable);
}

TEST(CountersJudge, ADeviceThatWasBoundAnewStartsAnew) {
  Scene scene = healthy_scene();
  growth("rx_drops", 1'000'000)(scene);
  scene.rdma(0).registration = 4711;
  EXPECT_EQ(result_of(scene, "counters.receive-drops"), kNotApplicable);
}

TEST(CountersJudge, ARateOverSecondsIsNotJudged) {
  Scene scene = healthy_scene();
  growth("rx_drops", 1'000'000)(scene);
  scene.expectation.past.baselines.front().at_ms = kNow - 3000;
  EXPECT_EQ(result_of(scene, "counters.receive-drops"), kNotApplicable);
}

TEST(CountersJudge, SoonAfterABaselineTheOneBeforeItIsMeasuredFrom) {
  Scene scene = healthy_scene();
  growth("rx_drops", 1'000'000)(scene);
  CounterBaseline& baseline = scene.expectation.past.baselines.front();
  baseline.older_values = baseline.values;
  baseline.older_at_ms = kNow - 300'000;
  baseline.at_ms = kNow - 500;
  baseline.values["rx_drops"] = 999'900;
  EXPECT_EQ(result_of(scene, "counters.receive-drops"), kFail);
}

TEST(CountersJudge, WhatFailedAndCannotBeMeasuredIsNotKnown) {
  for (const Check* check : kCountersChecks) {
    const std::string code(check->code);
    Scene scene = healthy_scene();
    with_past(scene);
    scene.expectation.past.failing = {{code, device(0)}};
    scene.expectation.past.baselines.clear();
    EXPECT_EQ(result_of(scene, code), kUnknown) << code;
  }
  Scene scene = healthy_scene();
  with_past(scene);
  scene.expectation.past.failing = {{"counters.receive-drops", device(0)}};
  counters(scene).port["rx_drops"] = 3;
  EXPECT_EQ(result_of(scene, "counters.receive-drops"), kUnknown) << "reset";
  counters(scene).port.erase("rx_drops");
  EXPECT_EQ(result_of(scene, "counters.receive-drops"), kNotApplicable)
      << "the driver has it no more";
}

TEST(CountersJudge, TimesOfAnotherClockAreNoPast) {
  Scene scene = healthy_scene();
  growth("rx_drops", 1'000'000)(scene);
  silence_keep_alive(scene);
  CounterBaseline& baseline = scene.expectation.past.baselines.front();
  baseline.at_ms = baseline.keep_alive_ms = 1'790'000'000'000;  // of the wall clock
  for (const char* code : {"counters.receive-drops", "counters.keep-alive-stopped"}) {
    EXPECT_EQ(result_of(scene, code), kNotApplicable) << code;
  }
}

TEST(CountersJudge, KeepAlivesOfUnknownPeriodAreNoAlarm) {
  Scene scene = healthy_scene();
  silence_keep_alive(scene);
  scene.expectation.past.baselines.front().keep_alive_period_ms.reset();
  EXPECT_EQ(result_of(scene, "counters.keep-alive-stopped"), kNotApplicable);
}

TEST(CountersJudge, KeepAlivesThatStoppedEarlyAreToldByThePeriodOfTheSiblings) {
  Scene scene = healthy_scene();
  silence_keep_alive(scene);
  auto& baselines = scene.expectation.past.baselines;
  baselines.front().keep_alive_period_ms.reset();
  for (size_t i = 1; i < 4; ++i) {
    baselines.push_back(baselines.front());
    baselines.back().address = address(i);
    baselines.back().keep_alive_period_ms = 1080;
  }
  EXPECT_EQ(result_of(scene, "counters.keep-alive-stopped"), kFail);
  baselines.back().keep_alive_period_ms = 6'000;  // the slowest counts
  EXPECT_EQ(result_of(scene, "counters.keep-alive-stopped"), kPass);
}

TEST(CountersJudge, SaysWhereALimitComesFrom) {
  Scene scene = healthy_scene();
  growth("rx_drops", 6001)(scene);
  const auto findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, "counters.receive-drops", device(0));
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->evidence.expected,
            "at most rx_drops 100/s (default of the EKS node monitoring agent)");
  EXPECT_EQ(finding->message, "rx_drops grew by 6001 (100.0/s) in 60 s");
}

RdmaFacts facts_with(uint64_t keep_alives, uint64_t registration = 9) {
  RdmaFacts facts;
  RdmaDevice device;
  device.address = address(0);
  device.registration = registration;
  facts.devices = {device};
  Counters now;
  now.address = address(0);
  now.device["keep_alive_rcvd"] = keep_alives;
  facts.counters = {now};
  return facts;
}

TEST(Baseline, LearnsThePeriodOfKeepAlivesBetweenTwoBaselines) {
  auto baselines = next_baselines({}, facts_with(10), kNow);
  EXPECT_FALSE(baselines.front().keep_alive_period_ms);
  baselines = next_baselines(baselines, facts_with(11), kNow + 1000);  // too soon to tell
  EXPECT_FALSE(baselines.front().keep_alive_period_ms);
  EXPECT_EQ(baselines.front().keep_alive_ms, kNow + 1000);
  baselines = next_baselines(baselines, facts_with(40), kNow + kMinute);
  EXPECT_EQ(baselines.front().keep_alive_period_ms, 2000);
  EXPECT_EQ(baselines.front().at_ms, kNow + kMinute);
}

TEST(Baseline, StandsForAMinuteThoughPassesFollowEachOther) {
  const auto first = next_baselines({}, facts_with(10), kNow);
  const auto second = next_baselines(first, facts_with(12), kNow + 2000);
  EXPECT_EQ(second.front().at_ms, kNow);
  EXPECT_EQ(second.front().values.at("keep_alive_rcvd"), 10U);
}

TEST(Baseline, StartsAnewWithTheDeviceAndStaysWhenItIsNotRead) {
  const auto first = next_baselines({}, facts_with(10), kNow);
  EXPECT_EQ(next_baselines(first, facts_with(2, 10), kNow + 2000).front().at_ms, kNow + 2000);
  const auto unread = next_baselines(first, RdmaFacts{}, kNow + kMinute);
  ASSERT_EQ(unread.size(), 1U);
  EXPECT_EQ(unread.front().at_ms, kNow);
}

TEST(Baseline, TheOneBeforeItIsKept) {
  auto baselines = next_baselines({}, facts_with(10), kNow);
  EXPECT_FALSE(baselines.front().older_at_ms);
  baselines = next_baselines(baselines, facts_with(40), kNow + kMinute);
  EXPECT_EQ(baselines.front().older_at_ms, kNow);
  EXPECT_EQ(baselines.front().older_values.at("keep_alive_rcvd"), 10U);
  baselines = next_baselines(baselines, facts_with(2, /*registration=*/10), kNow + 2 * kMinute);
  EXPECT_FALSE(baselines.front().older_at_ms) << "of another registration";
}

// As of version 0.1.0, which kept wall times.
TEST(Baseline, ATimeThatLiesInTheFutureStartsAnewAndTeachesNothing) {
  auto first = next_baselines({}, facts_with(10), kNow);
  first.front().keep_alive_period_ms = -3'000;
  const auto next = next_baselines(first, facts_with(40), kNow - kMinute);
  EXPECT_EQ(next.front().at_ms, kNow - kMinute);
  EXPECT_EQ(next.front().keep_alive_ms, kNow - kMinute);
  EXPECT_FALSE(next.front().keep_alive_period_ms);
  EXPECT_FALSE(next.front().older_at_ms);
}

}  // namespace
}  // namespace efa
