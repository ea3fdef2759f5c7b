// A device is blamed by the kernel's proof, and only when nobody else was answered by it.

#include <gtest/gtest.h>

#include "tests/support/check_case.h"

namespace efa {
namespace {

constexpr AskedStatus kHung = AskedStatus::kHung;
constexpr AskedStatus kSlow = AskedStatus::kSlow;
constexpr AskedStatus kSkipped = AskedStatus::kSkipped;
constexpr AskedStatus kOk = AskedStatus::kOk;

TimeSpent short_of_cpu() {
  TimeSpent spent;
  spent.waited_ms = 8400;
  spent.cpu_ms = 310;
  spent.queued_ms = 7904;
  spent.state = "R";
  return spent;
}

template <class Facts>
void lose(std::vector<Facts>& all, size_t i) {
  std::erase_if(all, [&](const Facts& one) { return one.address == address(i); });
}

void ask_counters(Scene& scene, size_t i, AskedStatus status) {
  if (status == kOk) return;
  scene.node.rdma.facts.asked.at(i) = {device(i), status, "read hw_counters", "", short_of_cpu()};
  lose(scene.node.rdma.facts.counters, i);
}

void ask_verbs(Scene& scene, size_t i, AskedStatus status) {
  if (status == kOk) return;
  scene.node.verbs.facts.asked.at(i) = {device(i), status, "ibv_open_device", "", short_of_cpu()};
  lose(scene.node.verbs.facts.devices, i);
}

void starve(ProbeOutcome& outcome) {
  outcome.status = ProbeStatus::kTimedOut;
  outcome.detail = "killed at the deadline";
  outcome.spent = short_of_cpu();
}

void starve_fabric(Scene& scene) {
  starve(scene.node.fabric.at(0).outcome);
  scene.fabric().devices.clear();
  scene.fabric().domains.clear();
  scene.fabric().getinfo_status.reset();
}

// No finding above info says that something is wrong, and none that a critical check is blind.
void expect_well(const Scene& scene) {
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.verdict, Verdict::kHealthy) << diagnosis.summary;
  for (const Finding& finding : diagnosis.findings) {
    const bool fails = finding.result == kFail && finding.check->severity != Severity::kInfo;
    EXPECT_FALSE(fails) << finding.check->code << " " << finding.message;
  }
}

TEST(DeviceAnswers, WhoWasAnsweredSpeaksForTheDevice) {
  struct Row {
    AskedStatus counters;
    AskedStatus verbs;
    bool listed;  // by libfabric
    FindingResult counters_hang;
    FindingResult verbs_hang;
    Verdict verdict;
  };
  const Row rows[] = {
      {kOk, kOk, true, kPass, kPass, Verdict::kHealthy},
      // held by the driver, and nobody was answered
      {kHung, kHung, false, kFail, kFail, Verdict::kUnhealthy},
      {kHung, kSlow, false, kFail, kUnknown, Verdict::kUnhealthy},
      {kSlow, kHung, false, kUnknown, kFail, Verdict::kUnhealthy},
      {kSkipped, kSlow, false, kFail, kUnknown, Verdict::kUnhealthy},
      {kSkipped, kSkipped, false, kFail, kFail, Verdict::kUnhealthy},
      // held, but another was answered
      {kHung, kOk, true, kPass, kPass, Verdict::kHealthy},
      {kSkipped, kOk, true, kPass, kPass, Verdict::kHealthy},
      {kOk, kHung, true, kPass, kPass, Verdict::kHealthy},
      {kOk, kSkipped, true, kPass, kPass, Verdict::kHealthy},
      {kHung, kHung, true, kPass, kPass, Verdict::kHealthy},
      // only slow
      {kSlow, kOk, true, kPass, kPass, Verdict::kHealthy},
      {kOk, kSlow, true, kPass, kPass, Verdict::kHealthy},
      {kSlow, kSlow, true, kPass, kPass, Verdict::kHealthy},
      {kSlow, kSlow, false, kUnknown, kUnknown, Verdict::kUnknown},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(std::string(word_of(row.counters)) + " " + word_of(row.verbs) +
                 (row.listed ? " listed" : ""));
    Scene scene = healthy_scene();
    ask_counters(scene, 1, row.counters);
    ask_verbs(scene, 1, row.verbs);
    if (!row.listed) starve_fabric(scene);
    EXPECT_EQ(result_of(scene, "rdma.counters-hang", device(1)), row.counters_hang);
    EXPECT_EQ(result_of(scene, "verbs.hang", device(1)), row.verbs_hang);
    EXPECT_EQ(diagnose(scene).verdict, row.verdict) << diagnose(scene).summary;
    const bool counters_late = row.counters != kOk && row.counters_hang != kFail;
    EXPECT_EQ(result_of(scene, "rdma.counters-slow", device(1)),
              counters_late ? MaybeResult(kUnknown) : kNothing);
    const bool verbs_late = row.verbs != kOk && row.verbs_hang != kFail;
    EXPECT_EQ(result_of(scene, "verbs.open-slow", device(1)),
              verbs_late ? MaybeResult(kUnknown) : kNothing);
  }
}

TEST(DeviceAnswers, AnAnswerThatIsAnErrorIsNoAnswer) {
  Scene scene = healthy_scene();
  ask_counters(scene, 1, kHung);
  scene.verbs(1).failed = VerbsStep{"ibv_open_device", 19, "No such device"};
  starve_fabric(scene);
  EXPECT_EQ(result_of(scene, "rdma.counters-hang", device(1)), kFail);
}

TEST(DeviceAnswers, AStarvedNodeIsHealthyWhereEachDeviceWasAnswered) {
  Scene scene = healthy_scene();
  for (size_t i = 0; i < 4; ++i) ask_counters(scene, i, kSlow);
  starve_fabric(scene);
  starve(scene.node.topology.outcome);
  expect_well(scene);
  EXPECT_EQ(diagnose(scene).summary,
            "4 of 4 EFA devices are well up to verbs, libfabric could not be asked");

  scene = healthy_scene();
  for (size_t i = 0; i < 4; ++i) ask_verbs(scene, i, kSlow);
  starve_fabric(scene);
  expect_well(scene);
  EXPECT_EQ(diagnose(scene).summary,
            "4 of 4 EFA devices are well up to verbs, libfabric could not be asked");
}

TEST(DeviceAnswers, AProbeThatDidNotComeToItIsSlowToo) {
  Scene scene = healthy_scene();
  starve(scene.node.rdma.outcome);
  scene.node.rdma.facts.asked.clear();
  scene.node.rdma.facts.counters.clear();
  expect_well(scene);
  starve(scene.node.verbs.outcome);
  scene.node.verbs.facts.asked.clear();
  scene.node.verbs.facts.devices.clear();
  expect_well(scene);  // libfabric lists them
  starve_fabric(scene);
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.verdict, Verdict::kUnknown);
  EXPECT_EQ(diagnosis.summary, "could not look: " + device(0) + ": libfabric got no CPU in time");
}

TEST(Fabric, WithoutAnAnswerItBlamesNoDevice) {
  Scene scene = healthy_scene();
  starve_fabric(scene);
  EXPECT_EQ(result_of(scene, "probe.slow", "fabric"), kUnknown);
  EXPECT_EQ(result_of(scene, "probe.timed-out", "fabric"), kNothing);
  expect_well(scene);
  scene.node.fabric.at(0).outcome.spent->queued_ms = 12;  // it had a CPU and did not end
  scene.node.fabric.at(0).outcome.spent->state = "S";
  EXPECT_EQ(result_of(scene, "probe.timed-out", "fabric"), kFail);
  EXPECT_EQ(result_of(scene, "fabric.not-listed", device(0)), kUnknown);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kUnknown);
}

TEST(Fabric, AHungDeviceTakesItsNeighboursAlong) {
  Scene scene = healthy_scene();
  ask_counters(scene, 1, kHung);
  ask_verbs(scene, 1, kHung);
  starve_fabric(scene);
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.root_causes, std::vector<std::string>{"rdma.counters-hang"});
  EXPECT_EQ(cause_of(diagnosis, "fabric.not-listed", device(3)), "rdma.counters-hang");
}

}  // namespace
}  // namespace efa
