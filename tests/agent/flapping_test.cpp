// A module that is unloaded and loaded again and again: each pass sees another state of it, all are
// one episode with one cause.

#include <gtest/gtest.h>

#include "agent/diagnose/history.h"
#include "tests/support/healthy_node.h"

namespace efa {
namespace {

constexpr int64_t kNow = 1'790'000'000'000;
constexpr int64_t kBoot = 3'600'000;
const std::vector<std::string> kNotLoaded{"kernel.driver-not-loaded"};

Scene unloaded() {
  Scene scene = healthy_scene();
  remove_driver(scene);
  return scene;
}

Scene not_listed() {
  Scene scene = healthy_scene();
  drop_fabric(scene);
  return scene;
}

Scene dying_counters() {
  Scene scene = healthy_scene();
  scene.node.rdma.facts.counters.at(2).error = 19;
  scene.node.rdma.facts.counters.at(2).error_text = "No such device";
  return scene;
}

class Passes {
 public:
  Diagnosis pass(Scene scene, int64_t seconds, bool confirm = true) {
    const Moment now{kNow + seconds * 1000, kBoot + seconds * 1000};
    scene.expectation.past.now_ms = now.boot_ms;
    scene.expectation.past.failing = failing_in(history_);
    Diagnosis diagnosis = diagnose(scene.node, scene.expectation, history_, now);
    settle(diagnosis, history_, {now, 3600, 60, confirm, confirming_});
    confirming_ = diagnosis.recovering;
    return diagnosis;
  }
  // Unloaded, loaded and seen to be so twice, unloaded: from then on it is known to come and go.
  void flap() {
    pass(unloaded(), 0);
    pass(healthy_scene(), 3);
    pass(healthy_scene(), 4);
    pass(unloaded(), 7);
  }

 private:
  History history_;
  bool confirming_ = false;
};

TEST(Flapping, HasOneCauseWhateverAPassCatches) {
  Passes passes;
  passes.flap();
  int64_t seconds = 8;
  for (const Scene& scene : {not_listed(), dying_counters(), unloaded(), healthy_scene(),
                             healthy_scene(), not_listed(), unloaded(), dying_counters()}) {
    const Diagnosis diagnosis = passes.pass(scene, seconds++);
    EXPECT_EQ(diagnosis.verdict, Verdict::kUnhealthy) << seconds;
    EXPECT_EQ(diagnosis.root_causes, kNotLoaded) << seconds;
  }
}

TEST(Flapping, SaysHowOftenAndSinceWhen) {
  Passes passes;
  passes.flap();
  const Diagnosis diagnosis = passes.pass(not_listed(), 8);
  EXPECT_NE(diagnosis.summary.find("it comes and goes, 2 times since 2026-09-21T14:13:20Z"),
            std::string::npos)
      << diagnosis.summary;
  const Finding* cause = finding_of(diagnosis.findings, "kernel.driver-not-loaded", kNodeSubject);
  ASSERT_NE(cause, nullptr);
  EXPECT_EQ(cause->result, FindingResult::kFail);
  EXPECT_EQ(cause->times, 2);
  EXPECT_EQ(cause->since_ms, kNow);
  EXPECT_EQ(cause_of(diagnosis, "fabric.not-listed", device(0)), "kernel.driver-not-loaded");
}

TEST(Flapping, HidesNoFaultThatDoesNotFollowFromIt) {
  Passes passes;
  passes.flap();
  Scene scene = not_listed();
  scene.expectation.past.devices = {address(9)};
  scene.pci(3).link->width = 4;
  const Diagnosis diagnosis = passes.pass(scene, 8);
  EXPECT_EQ(diagnosis.root_causes,
            (std::vector<std::string>{"pci.device-vanished", "kernel.driver-not-loaded",
                                      "pci.narrow-link"}));
}

TEST(Flapping, IsOverAfterAMinuteOfQuiet) {
  Passes passes;
  passes.flap();
  const Diagnosis soon = passes.pass(healthy_scene(), 20);
  EXPECT_EQ(soon.verdict, Verdict::kUnhealthy);
  EXPECT_TRUE(soon.recovering);
  EXPECT_TRUE(
      soon.summary.starts_with("comes and goes; healthy only once it stays so for a minute"))
      << soon.summary;
  EXPECT_EQ(passes.pass(healthy_scene(), 66).verdict, Verdict::kUnhealthy);
  EXPECT_EQ(passes.pass(healthy_scene(), 68).verdict, Verdict::kHealthy);
}

TEST(Flapping, WhatStaysBehindLeadsAfterAMinute) {
  Passes passes;
  passes.flap();
  EXPECT_EQ(passes.pass(not_listed(), 60).root_causes, kNotLoaded);
  EXPECT_EQ(passes.pass(not_listed(), 70).root_causes,
            std::vector<std::string>{"fabric.not-listed"});
}

TEST(Flapping, AFaultThatCameOnceExplainsNothingLater) {
  Passes passes;
  passes.pass(unloaded(), 0);
  EXPECT_EQ(passes.pass(not_listed(), 2).root_causes,
            std::vector<std::string>{"fabric.not-listed"});
}

TEST(Flapping, APersonWhoAsksOnceIsToldWhatIsSeenNow) {
  Passes passes;
  passes.flap();
  EXPECT_EQ(passes.pass(healthy_scene(), 9, /*confirm=*/false).verdict, Verdict::kHealthy);
  EXPECT_EQ(passes.pass(not_listed(), 10, /*confirm=*/false).root_causes,
            std::vector<std::string>{"fabric.not-listed"});
}

}  // namespace
}  // namespace efa
