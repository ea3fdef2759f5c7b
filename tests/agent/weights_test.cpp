// [checks] of the configuration: what is turned off is silent in the verdict and told in the
// report.

#include "agent/config/weights.h"

#include <gtest/gtest.h>

#include "agent/diagnose/history.h"
#include "agent/report/report.h"
#include "tests/support/check_case.h"

namespace efa {
namespace {

using Codes = std::vector<std::string>;

// A node with one warning and, where `sick`, one critical fault.
Scene faulty(bool sick = false) {
  Scene scene = healthy_scene();
  scene.pci(1).link->width = 4;
  if (sick) scene.pci(2).config = "ffffffff";
  return scene;
}

Scene weighed(Scene scene, const WeightWords& words) {
  scene.expectation.weights = *parse_weights(words);
  return scene;
}

Report report_of(const Scene& scene) {
  Report report;
  report.diagnosis = diagnose(scene);
  report.node = scene.node;
  report.run = {Trigger::kOnce, 7, 1'795'471'200'000, 123, 900'000, 20'000, 45};
  return report;
}

TEST(Weights, ACheckThatIsOffTouchesNoVerdict) {
  EXPECT_EQ(diagnose(faulty()).verdict, Verdict::kDegraded);
  const Diagnosis diagnosis = diagnose(weighed(faulty(), {{"pci.narrow-link", "off"}}));
  EXPECT_EQ(diagnosis.verdict, Verdict::kHealthy);
  const Finding* finding = finding_of(diagnosis.findings, "pci.narrow-link", device(1));
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->result, kNotApplicable);
  EXPECT_TRUE(finding->message.starts_with("turned off in the configuration (fail): "))
      << finding->message;
}

TEST(Weights, AnotherSeverityIsTheVerdicts) {
  const Diagnosis info = diagnose(weighed(faulty(), {{"pci.narrow-link", "info"}}));
  EXPECT_EQ(info.verdict, Verdict::kHealthy);
  EXPECT_EQ(info.root_causes, Codes{});
  const Diagnosis critical = diagnose(weighed(faulty(), {{"pci.narrow-link", "critical"}}));
  EXPECT_EQ(critical.verdict, Verdict::kUnhealthy);
  EXPECT_EQ(critical.root_causes, Codes{"pci.narrow-link"});
}

TEST(Weights, WhatIsNotNamedWeighsWhatItDid) {
  const Diagnosis diagnosis = diagnose(weighed(faulty(true), {{"pci.narrow-link", "off"}}));
  EXPECT_EQ(diagnosis.root_causes, Codes{"pci.config-space-dead"});
}

TEST(Weights, AWeighedCheckStillExplainsAndIsExplained) {
  Scene scene = healthy_scene();
  hang(scene, 1);
  const Diagnosis diagnosis =
      diagnose(weighed(scene, {{"rdma.counters-hang", "warning"}, {"fabric.not-listed", "info"}}));
  EXPECT_EQ(diagnosis.root_causes, Codes{"rdma.counters-hang"});
  EXPECT_EQ(cause_of(diagnosis, "fabric.not-listed", device(0)), "rdma.counters-hang");
}

TEST(Weights, AreInEveryRendering) {
  const Report report = report_of(weighed(faulty(), {{"pci.narrow-link", "info"}}));
  const Value json = report_value(report);
  ASSERT_NE(json.find("configured"), nullptr);
  EXPECT_EQ(render_json(*json.find("configured")), R"({"checks":{"pci.narrow-link":"info"}})");
  const Finding* finding = finding_of(report.diagnosis.findings, "pci.narrow-link", device(1));
  EXPECT_EQ(finding_value(*finding).text("configured"), "info");
  EXPECT_EQ(finding_value(*finding).text("severity"), "info");
  EXPECT_NE(render_text(report, {}).find("set in the configuration: pci.narrow-link info\n"),
            std::string::npos);
  EXPECT_EQ(report_value(report_of(faulty())).find("configured"), nullptr);
}

TEST(Weights, AFindingOfTheSitesOwnIsWeighedToo) {
  Scene scene = healthy_scene();
  SiteProbe probe;
  probe.outcome.name = "site:gpu-count";
  probe.outcome.status = ProbeStatus::kOk;
  probe.findings = {*parse_json(
      R"({"code":"site.gpu-count","result":"fail","severity":"critical","message":"7 of 8"})", "")};
  scene.node.site = {probe};
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kUnhealthy);
  EXPECT_EQ(diagnose(weighed(scene, {{"site.gpu-count", "info"}})).verdict, Verdict::kHealthy);
}

TEST(Weights, ACheckThatWasTurnedOffRecoversLikeAnother) {
  History history;
  const auto pass = [&](const Scene& scene, int64_t seconds) {
    const Moment now{1'790'000'000'000 + seconds * 1000, 3'600'000 + seconds * 1000};
    Diagnosis diagnosis = diagnose(scene.node, scene.expectation, history, now);
    settle(diagnosis, history, {now, 3600, 60, true, false});
    return diagnosis.verdict;
  };
  EXPECT_EQ(pass(faulty(true), 0), Verdict::kUnhealthy);
  const WeightWords off = {{"pci.narrow-link", "off"}, {"pci.config-space-dead", "off"}};
  Scene scene = weighed(faulty(true), off);
  pass(scene, 300);
  EXPECT_EQ(pass(scene, 600), Verdict::kUnhealthy) << "to be confirmed by a daemon's next pass";
  Diagnosis confirmed = diagnose(scene.node, scene.expectation, history, {1, 4'800'000});
  settle(confirmed, history, {{1, 4'800'000}, 3600, 60, true, true});
  EXPECT_EQ(confirmed.verdict, Verdict::kHealthy);
}

TEST(ParseWeights, TakesWordsOfKnownCodes) {
  for (const char* word : {"off", "info", "warning", "critical"}) {
    EXPECT_TRUE(parse_weights({{"pci.narrow-link", word}}).ok()) << word;
    EXPECT_TRUE(parse_weights({{"site.anything-of-mine", word}}).ok()) << word;
  }
  EXPECT_EQ(parse_weights({{"pci.narrow-link", "off"}})->at("pci.narrow-link"), std::nullopt);
}

TEST(ParseWeights, RefusesOthersAndNamesANearMiss) {
  struct Row {
    const char* code;
    const char* word;
    const char* why;
  };
  const Row rows[] = {
      {"pci.narow-link", "off", "no check has this code; did you mean pci.narrow-link?"},
      {"pci.something-else", "off", "no check has this code"},
      {"", "off", "no check has this code"},
      {"site.", "off", "no check has this code"},
      {"pci.narrow-link", "none", "must be off, info, warning or critical"},
      {"pci.narrow-link", "", "must be off, info, warning or critical"},
  };
  for (const Row& row : rows) {
    const Result<Weights> weights = parse_weights({{row.code, row.word}});
    ASSERT_FALSE(weights.ok()) << row.code;
    EXPECT_EQ(weights.error().what, row.why);
    EXPECT_EQ(weights.error().where, row.code);
  }
  EXPECT_FALSE(parse_weights({{std::string(100'000, 'a'), "off"}}).ok());
}

}  // namespace
}  // namespace efa
