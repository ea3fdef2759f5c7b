// What is said of how processes ended, of traffic that stands still, and of NCCL's plugin.

#include <gtest/gtest.h>

#include "tests/support/check_case.h"
#include "tests/support/gpu_node.h"

namespace efa {
namespace {

constexpr const char* kJob = "all_reduce_perf 4711";
constexpr int64_t kHourMs = 3'600'000;

Job& job(Scene& scene) {
  return scene.node.jobs.facts.processes.at(0);
}

std::string message_of(const Scene& scene, const char* code, const std::string& subject) {
  const auto findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, code, subject);
  return finding == nullptr ? "" : finding->message;
}

TEST(JobEnds, AllProcessesOfAContainerAreToldAsOne) {
  constexpr const char* kCode = "jobs.killed-for-memory";
  Scene scene = healthy_scene();
  job(scene).job = "pod1f_2";
  scene.node.log.facts.kills = {{7, "pod1f_2", false}};
  EXPECT_EQ(message_of(scene, kCode, kJob), "1 process of its job was killed for lack of memory");
  scene.node.log.facts.kills.push_back({8, "pod1f_2", true});
  EXPECT_EQ(message_of(scene, kCode, kJob),
            "all processes of a container or step of its job were killed for lack of memory");
}

TEST(JobEnds, AJobThatIsGoneIsToldForADayWhereItHadEfaOpen) {
  constexpr const char* kCode = "jobs.killed-for-memory";
  Scene scene = healthy_scene();
  scene.node.jobs.facts.processes.clear();
  scene.node.log.facts.kills = {{7'000'000, "pod1f_2", true}};
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kNothing) << "it may be any pod";
  scene.expectation.past.jobs = {"pod3"};
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kPass);
  scene.expectation.past.jobs = {"pod1f_2", "pod3"};
  scene.expectation.past.now_ms = 23 * kHourMs;
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kFail);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy) << "an info";
  EXPECT_EQ(message_of(scene, kCode, kNodeSubject),
            "job pod1f_2, which had EFA open, lost processes for lack of memory and has none with "
            "EFA now");
  scene.expectation.past.now_ms = 25 * kHourMs;
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kPass);
}

TEST(JobEnds, ACrashInLibfabricIsToldWithItsRelease) {
  constexpr const char* kCode = "jobs.libfabric-crashed";
  Scene scene = healthy_scene();
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kPass);
  scene.node.log.facts.crashes = {{7, "libfabric.so.1.24.0"}, {8, "libfabric.so.1.24.0"}};
  scene.node.jobs.facts.processes.clear();
  EXPECT_EQ(message_of(scene, kCode, kNodeSubject),
            "crashed since boot: 2 processes in libfabric.so.1.24.0 (1.21)");
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy) << "an info";
  scene.node.log.facts.crashes.clear();
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kNothing) << "nobody uses EFA";
}

// Of device 0, which the job has open.
CounterBaseline& baseline(Scene& scene) {
  Past& past = scene.expectation.past;
  if (past.baselines.empty()) {
    past.now_ms = 120'000;
    CounterBaseline& first = past.baselines.emplace_back();
    first.address = address(0);
    first.values = scene.node.rdma.facts.counters.at(0).port;
  }
  return past.baselines.front();
}

MaybeResult quiet_after(const std::function<void(Scene&)>& change) {
  Scene scene = healthy_scene();
  baseline(scene);
  change(scene);
  return result_of(scene, "jobs.efa-quiet", kJob);
}

TEST(JobTraffic, ThatStandsStillForTwoMinutesIsNoFault) {
  Scene scene = healthy_scene();
  baseline(scene);
  EXPECT_EQ(message_of(scene, "jobs.efa-quiet", kJob),
            "nothing passed over its EFA device for 2 min: it waits, speaks to this node alone, or "
            "goes by TCP");
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
  EXPECT_EQ(quiet_after(unchanged), kUnknown);
}

TEST(JobTraffic, ThatMovesOrIsNotKnownIsNotQuiet) {
  const std::function<void(Scene&)> changes[] = {
      [](Scene& s) { s.expectation.past.now_ms -= 1; },
      [](Scene& s) { baseline(s).values.at("rx_bytes") -= 1; },
      [](Scene& s) { baseline(s).values.clear(); },
      [](Scene& s) { baseline(s).registration = 7; },
      [](Scene& s) { s.expectation.past.baselines.clear(); },
      [](Scene& s) { job(s).devices.emplace_back("/dev/infiniband/uverbs1"); },
      [](Scene& s) { job(s).devices.emplace_back("/dev/infiniband/uverbs99"); },
      [](Scene& s) { job(s).environment = {"FI_PROVIDER=tcp"}; },
      [](Scene& s) { s.node.live = false; },
  };
  for (const auto& change : changes) EXPECT_EQ(quiet_after(change), kNothing);
}

TEST(JobTraffic, TheOlderSampleTellsOfTheLongerTime) {
  Scene scene = healthy_scene();
  CounterBaseline& before = baseline(scene);
  before.at_ms = 100'000;
  EXPECT_EQ(result_of(scene, "jobs.efa-quiet", kJob), kNothing);
  before.older_at_ms = 0;
  before.older_values = before.values;
  EXPECT_EQ(result_of(scene, "jobs.efa-quiet", kJob), kUnknown);
  before.older_values.at("tx_bytes") = 0;
  EXPECT_EQ(result_of(scene, "jobs.efa-quiet", kJob), kNothing);
}

constexpr const char* kPlugin = "jobs.nccl-plugin-not-found";

// A job of NCCL whose library path lacks the plugin that the node has.
Scene without_plugin() {
  Scene scene = scene_with(with_gpus([](Scene& s) { set_plugin(s, "1.20.0"); }));
  scene.node.software.facts.loader_finds_plugin = false;
  job(scene).environment = {"FI_PROVIDER=efa", "NCCL_DEBUG=INFO"};
  job(scene).finds_nccl_plugin = false;
  return scene;
}

TEST(JobPlugin, IsWhyNoProcessHasEfaOpen) {
  Scene scene = without_plugin();
  EXPECT_EQ(result_of(scene, kPlugin, kJob), kFail);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy) << "an info";
  JobsFacts& jobs = scene.node.jobs.facts;
  jobs.without_efa = std::move(jobs.processes);
  jobs.processes.clear();
  jobs.without_efa.front().devices.clear();
  EXPECT_EQ(result_of(scene, kPlugin, kJob), kFail);
  EXPECT_EQ(cause_of(diagnose(scene), "jobs.efa-idle", kNodeSubject), kPlugin);
  const auto findings = judge_all(scene.node, scene.expectation);
  EXPECT_EQ(finding_of(findings, kPlugin, kJob)->command.text,
            "export LD_LIBRARY_PATH=/opt/amazon/ofi-nccl/lib:$LD_LIBRARY_PATH");
}

TEST(JobPlugin, IsNotMissedWhereAnotherWayLeadsToItOrNoneIsMeant) {
  struct Row {
    std::function<void(Scene&)> change;
    MaybeResult wanted;  // of the node
  };
  const Row rows[] = {
      {[](Scene& s) { job(s).finds_nccl_plugin = true; }, kPass},
      {[](Scene& s) { s.node.software.facts.loader_finds_plugin = true; }, kPass},
      {[](Scene& s) { job(s).environment.emplace_back("NCCL_NET_PLUGIN=ofi"); }, kPass},
      {[](Scene& s) { job(s).environment.emplace_back("NCCL_NET=Socket"); }, kPass},
      {[](Scene& s) { job(s).finds_nccl_plugin.reset(); }, kNothing},  // a container's, or no NCCL
      {[](Scene& s) { s.node.software.facts.ofi_nccl.clear(); }, kNothing},
  };
  for (const Row& row : rows) {
    Scene scene = without_plugin();
    row.change(scene);
    EXPECT_EQ(result_of(scene, kPlugin, kJob), kNothing);
    EXPECT_EQ(result_of(scene, kPlugin, kNodeSubject), row.wanted);
  }
  Scene scene = without_plugin();
  scene.node.software.facts.loader_finds_plugin.reset();
  EXPECT_EQ(result_of(scene, kPlugin, kJob), kUnknown) << "the loader's cache was not read";
}

}  // namespace
}  // namespace efa
