// Passes between and during which the wall clock is set: nothing but what is shown changes.

#include <gtest/gtest.h>

#include "agent/pass/conclude.h"
#include "probes/base/describe.h"
#include "tests/support/healthy_node.h"

namespace efa {
namespace {

constexpr int64_t kWallMs = 1'790'000'000'000;
constexpr int64_t kBootMs = 3'600'000;
constexpr int64_t kSteps[] = {1'000, 3'600'000, 31'536'000'000};  // a second, an hour, a year

template <class Facts>
ProbeRun run_with(const char* name, const Facts& facts) {
  ProbeRun run;
  run.outcome.name = name;
  run.outcome.status = ProbeStatus::kOk;
  const Value all = to_value(facts);
  for (const auto& [key, value] : *all.as<Object>()) {
    Value line;
    line.set("set", key);
    line.set("value", value);
    run.transcript.take(render_json(line) + "\n");
  }
  run.transcript.take("{\"done\":true}\n");
  return run;
}

std::vector<ProbeRun> runs_of(const Node& node) {
  return {run_with("pci", node.pci.facts),           run_with("kernel", node.kernel.facts),
          run_with("rdma", node.rdma.facts),         run_with("verbs", node.verbs.facts),
          run_with("topology", node.topology.facts), run_with("net", node.net.facts),
          run_with("gpu", node.gpu.facts),           run_with("limits", node.limits.facts),
          run_with("software", node.software.facts), run_with("log", node.log.facts),
          run_with("cloud", node.cloud.facts),       run_with("jobs", node.jobs.facts),
          run_with("fabric", node.fabric[0].facts)};
}

// All devices with that many keep-alives and drops.
Scene counted(uint64_t keep_alives, uint64_t drops) {
  Scene scene = healthy_scene();
  for (Counters& counters : scene.node.rdma.facts.counters) {
    counters.device["keep_alive_rcvd"] = keep_alives;
    counters.port["rx_drops"] = drops;
  }
  return scene;
}

class Passes {
 public:
  // So long after the first, by the clock that nobody sets.
  Report pass(const Scene& scene, int64_t after_ms) {
    Recording recording;
    recording.trigger = Trigger::kInterval;
    recording.valid_for_ms = 900'000;
    recording.started_at_ms = kWallMs + set_by_ms + after_ms;
    recording.boottime_ms = kBootMs + after_ms;
    recording.expect = expect;
    recording.before = state_;
    forget_unless_judged_by(recording.before, criteria_of(recording));
    const Result<Conclusion> conclusion = conclude(recording, runs_of(scene.node));
    EXPECT_TRUE(conclusion.ok());
    EXPECT_TRUE(is_plausible(conclusion->after));
    const Result<Value> kept = parse_json(render_json(to_value(conclusion->after)), "state");
    state_ = salvaged(*kept);
    EXPECT_EQ(to_value(state_), *kept);
    return conclusion->report;
  }

  int64_t set_by_ms = 0;
  std::string expect = "auto";

 private:
  State state_;
};

std::vector<int64_t> steps() {
  std::vector<int64_t> both;
  for (const int64_t step : kSteps) both.insert(both.end(), {-step, step});
  return both;
}

MaybeResult result_of(const Report& report, const char* code, const std::string& subject) {
  return result_in(report.diagnosis.findings, code, subject);
}

TEST(ClockSet, ADeviceThatVanishedIsStillMissed) {
  for (const int64_t step : steps()) {
    Passes passes;
    passes.pass(healthy_scene(), 0);
    passes.set_by_ms = step;
    Scene scene = healthy_scene();
    scene.node.pci.facts.efa.pop_back();
    scene.node.rdma.facts.devices.pop_back();
    const Report report = passes.pass(scene, 300'000);
    EXPECT_EQ(result_of(report, "pci.device-vanished", device(3)), FindingResult::kFail) << step;
  }
}

TEST(ClockSet, ARateIsThatOfTheTimeThatPassed) {
  for (const int64_t step : steps()) {
    Passes passes;
    passes.pass(counted(100, 1'000), 0);
    passes.set_by_ms = step;
    const Report within = passes.pass(counted(300, 30'900), 300'000);  // 99.7 a second
    EXPECT_EQ(result_of(within, "counters.receive-drops", device(0)), FindingResult::kPass) << step;
    passes.set_by_ms = 0;
    const Report above = passes.pass(counted(500, 61'500), 600'000);  // 102 a second
    EXPECT_EQ(result_of(above, "counters.receive-drops", device(0)), FindingResult::kFail) << step;
    const Finding* finding =
        finding_of(above.diagnosis.findings, "counters.receive-drops", device(0));
    EXPECT_EQ(finding->message, "rx_drops grew by 30600 (102.0/s) in 300 s");
  }
}

// PCIe errors are those since the pass before; the state keeps them.
TEST(ClockSet, AnErrorIsToldByThePassThatSeesItFirst) {
  const auto with_errors = [](uint64_t fatal) {
    Scene scene = healthy_scene();
    scene.pci(0).aer_errors = {{"correctable", 7}, {"nonfatal", 0}, {"fatal", fatal}};
    return scene;
  };
  Passes passes;
  constexpr const char* kCode = "pci.uncorrected-errors";
  const auto result = [&](uint64_t fatal, int64_t after_ms) {
    return result_of(passes.pass(with_errors(fatal), after_ms), kCode, device(0));
  };
  EXPECT_EQ(result(1, 0), FindingResult::kNotApplicable) << "a total since boot";
  EXPECT_EQ(result(1, 300'000), FindingResult::kPass);
  EXPECT_EQ(result(2, 600'000), FindingResult::kFail);
  EXPECT_EQ(result(2, 900'000), FindingResult::kPass);
}

TEST(ClockSet, KeepAlivesThatComeAreNoAlarmAndThoseThatStoppedAreOne) {
  for (const int64_t step : steps()) {
    Passes passes;
    passes.pass(counted(100, 0), 0);
    passes.set_by_ms = step;
    passes.pass(counted(400, 0), 300'000);
    passes.set_by_ms = 2 * step;
    const Report going = passes.pass(counted(410, 0), 311'000);
    EXPECT_EQ(result_of(going, "counters.keep-alive-stopped", device(0)), FindingResult::kPass)
        << step;
    passes.set_by_ms = 0;
    const Report stopped = passes.pass(counted(410, 0), 600'000);
    EXPECT_EQ(result_of(stopped, "counters.keep-alive-stopped", device(0)), FindingResult::kFail)
        << step;
    EXPECT_EQ(
        finding_of(stopped.diagnosis.findings, "counters.keep-alive-stopped", device(0))->message,
        "no keep-alive for 289 s");
  }
}

TEST(ClockSet, SinceIsShownByTheClockAsItIsSetNow) {
  for (const int64_t step : steps()) {
    Passes passes;
    Scene scene = healthy_scene();
    restrict_mode(scene, 0);
    passes.pass(scene, 0);
    passes.set_by_ms = step;
    const Report report = passes.pass(scene, 300'000);
    const Finding* finding =
        finding_of(report.diagnosis.findings, "node.restricted-mode", device(0));
    ASSERT_NE(finding, nullptr);
    EXPECT_EQ(finding->since_ms, kWallMs + step) << step;
    EXPECT_EQ(finding->times, 1);
  }
}

// Without a boottime all times are of the wall clock, as when it was recorded.
TEST(ClockSet, ARecordingOfAnOlderVersionIsReplayedAsItWas) {
  Recording recording;
  recording.trigger = Trigger::kInterval;
  recording.started_at_ms = kWallMs;
  recording.before.baselines =
      next_baselines({}, counted(100, 1'000).node.rdma.facts, kWallMs - 60'000);
  const Result<Conclusion> conclusion = conclude(recording, runs_of(counted(140, 100'000).node));
  ASSERT_TRUE(conclusion.ok());
  EXPECT_EQ(result_of(conclusion->report, "counters.receive-drops", device(0)),
            FindingResult::kFail);
}

// The kernel has killed all of it since.
TEST(PassAfterPass, AJobThatIsGoneIsKnownToHaveHadEfaOpen) {
  Scene scene = healthy_scene();
  JobsFacts& jobs = scene.node.jobs.facts;
  jobs.processes.front().job = "job_7";
  Passes passes;
  EXPECT_EQ(result_of(passes.pass(scene, 0), "jobs.killed-for-memory", kNodeSubject),
            FindingResult::kPass);
  jobs.processes.clear();
  scene.node.log.facts.kills = {{uint64_t{1000} * kBootMs, "job_7", true}};
  EXPECT_EQ(result_of(passes.pass(scene, 60'000), "jobs.killed-for-memory", kNodeSubject),
            FindingResult::kFail);
}

TEST(PassAfterPass, WhatMayNotBeJudgedByAnotherExpectationIsNotAsLastSeen) {
  Scene scene = healthy_scene();
  scene.node.cloud.facts.instance_type = "p99.48xlarge";
  Passes passes;
  passes.expect = "5";
  EXPECT_EQ(passes.pass(scene, 0).diagnosis.verdict, Verdict::kUnhealthy);
  passes.expect = "max";
  const Report report = passes.pass(scene, 60'000);
  EXPECT_EQ(report.diagnosis.verdict, Verdict::kUnknown);
  EXPECT_EQ(result_of(report, "pci.fewer-than-expected", kNodeSubject), FindingResult::kUnknown);
}

TEST(PassAfterPass, WhatOnlyTheExpectationChangedNeitherCameNorWent) {
  Passes passes;
  passes.expect = "5";
  passes.pass(counted(100, 1'000), 0);
  passes.expect = "auto";
  const Report corrected = passes.pass(counted(120, 1'020), 60'000);
  EXPECT_EQ(corrected.diagnosis.verdict, Verdict::kHealthy);
  EXPECT_FALSE(corrected.diagnosis.recovering);
  EXPECT_EQ(result_of(corrected, "counters.receive-drops", device(0)), FindingResult::kPass)
      << "counters go on";
  passes.expect = "5";
  const Report again = passes.pass(counted(140, 1'040), 120'000);
  const Finding* fewer =
      finding_of(again.diagnosis.findings, "pci.fewer-than-expected", kNodeSubject);
  ASSERT_NE(fewer, nullptr);
  EXPECT_EQ(fewer->result, FindingResult::kFail);
  EXPECT_EQ(fewer->times, 1);
  EXPECT_EQ(fewer->message.find("comes and goes"), std::string::npos) << fewer->message;
}

TEST(PassAfterPass, OnlyByTheSameExpectationIsWhatCouldNotBeLookedAtAsLastSeen) {
  for (const auto& [expect, wanted] :
       {std::pair("auto", FindingResult::kFail), std::pair("4", FindingResult::kUnknown)}) {
    Scene scene = healthy_scene();
    restrict_mode(scene, 0);
    Passes passes;
    passes.pass(scene, 0);
    scene.rdma(0).uverbs->mode.reset();
    passes.expect = expect;
    const Report report = passes.pass(scene, 60'000);
    EXPECT_EQ(result_of(report, "node.restricted-mode", device(0)), wanted) << expect;
  }
}

TEST(State, WhatIsDamagedCostsItselfAlone) {
  const Result<Value> file = parse_json(R"({
    "boot_id": "b", "sequence": 41, "devices": ["0000:00:06.0", 7, "0000:00:07.0"],
    "left": {},
    "baselines": [{"address": "0000:00:06.0", "at_ms": 10, "keep_alive_ms": 10,
                   "keep_alive_period_ms": -3000, "values": {"rx_drops": 5}},
                  {"address": "0000:00:07.0", "at_ms": -1},
                  {"address": "0000:00:08.0", "at_ms": "soon"}],
    "history": {"episodes": [{"code": "a.b", "subject": "node", "since_ms": 5},
                             {"code": "a.c", "subject": "node", "times": -1}, "x"],
                "verdict": "unhealthy", "summary": 5, "root_causes": ["a.b"]},
    "confirming": "yes"})",
                                        "state");
  ASSERT_TRUE(file.ok());
  const State state = salvaged(*file);
  EXPECT_EQ(state.sequence, 41);
  EXPECT_EQ(state.devices.size(), 2U);
  ASSERT_EQ(state.baselines.size(), 1U);
  EXPECT_FALSE(state.baselines.front().keep_alive_period_ms);
  EXPECT_EQ(state.baselines.front().values.at("rx_drops"), 5U);
  ASSERT_EQ(state.history.episodes.size(), 1U);
  EXPECT_EQ(state.history.verdict, "unhealthy");
  EXPECT_EQ(state.history.root_causes, std::vector<std::string>{"a.b"});
}

}  // namespace
}  // namespace efa
