// What is said of a mesh, for a person, a program, and as a picture.

#include <gtest/gtest.h>

#include "agent/mesh/pair_engine.h"
#include "agent/mesh/report.h"
#include "agent/pair/judge.h"
#include "agent/pair/report.h"
#include "probes/judging/table.h"
#include "probes/mesh/checks.h"
#include "tests/support/pair_parts.h"
#include "tests/support/played_mesh.h"

namespace efa {
namespace {

MeshReport report_of(MeshFacts mesh, const Play& outcome) {
  MeshReport report;
  report.mesh = std::move(mesh);
  play(report.mesh, 3, outcome);
  conclude(report);
  return report;
}

MeshReport with_two_dead() {
  return report_of(nodes_of(16), with_dead({3, 9}));
}

bool says(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

TEST(MeshReport, AllWork) {
  const MeshReport report = report_of(nodes_of(16), with_dead({}));
  EXPECT_EQ(report.verdict, Verdict::kHealthy);
  EXPECT_EQ(report.summary, "16 of 16 nodes work");
  const std::string text = render_mesh_text(report, {});
  EXPECT_TRUE(says(text, "works       16  p5-[0000-0015]")) << text;
  EXPECT_TRUE(says(text, "median bandwidth of a device: 90.0 Gbit/s")) << text;
  EXPECT_FALSE(says(text, "scontrol"));
}

TEST(MeshReport, DeadNodesAreAListThatCanBePasted) {
  const MeshReport report = with_two_dead();
  EXPECT_EQ(report.verdict, Verdict::kUnhealthy);
  const std::string text = render_mesh_text(report, {});
  EXPECT_TRUE(says(text, "UNHEALTHY  14 of 16 nodes work: A node works with none")) << text;
  EXPECT_TRUE(says(text, "nodename=p5-[0003,0009] state=drain")) << text;
  EXPECT_TRUE(says(text, "pair.unreachable")) << text;
}

TEST(MeshReport, WhatCouldNotBeTestedDegrades) {
  MeshFacts mesh = nodes_of(4);
  mesh.nodes[1].joined = false;
  const MeshReport absent = report_of(mesh, with_dead({}));
  EXPECT_EQ(absent.verdict, Verdict::kDegraded);
  EXPECT_EQ(absent.summary, "3 of 4 nodes work: A node did not take part");
  const auto busy = [](int, int) { return MeshOutcome{.code = "pair.in-use", .words = "PID 7"}; };
  const MeshReport untested = report_of(nodes_of(4), busy);
  EXPECT_EQ(untested.verdict, Verdict::kUnknown);
  EXPECT_EQ(untested.summary, "0 of 4 nodes work: 4 could not be tested");
  EXPECT_TRUE(says(render_mesh_text(untested, {}), "could not be tested: pair.in-use"));
}

TEST(MeshReport, TheGravestComesFirst) {
  MeshFacts mesh = nodes_of(16);
  mesh.nodes[1].joined = false;
  const MeshReport report = report_of(mesh, with_dead({3}));
  EXPECT_EQ(root_causes_of(report), (std::vector<std::string>{"mesh.node-fails", "mesh.absent"}));
}

TEST(MeshReport, JsonHasListsOfHosts) {
  const Value value = mesh_value(with_two_dead());
  EXPECT_EQ(value.find("hosts")->text("fails"), "p5-[0003,0009]");
  EXPECT_EQ(value.text("schema"), "efa-doctor.mesh.v1");
}

TEST(MeshReport, ThePictureHasASquareForEachTestAndWay) {
  MeshFacts mesh = nodes_of(16);
  mesh.nodes[0].name = "<script>";
  const MeshReport report = report_of(mesh, with_dead({3}));
  const std::string svg = render_mesh_svg(report);
  size_t squares = 0;
  for (size_t at = 0; (at = svg.find("<rect class=\"", at)) != std::string::npos; ++at) ++squares;
  EXPECT_EQ(squares, 2 * report.mesh.meetings.size() + 1);
  EXPECT_TRUE(says(svg, "class=\"fails\""));
  EXPECT_TRUE(says(svg, "&lt;script&gt;: works"));
  EXPECT_FALSE(says(svg, "<script>"));
}

TEST(MeshChecks, AreInTheCatalogue) {
  for (const Check* check : kMeshChecks) EXPECT_EQ(find_check(check->code), check);
}

PairReport pair_with(std::vector<PairRail> rails, std::vector<Finding> findings) {
  PairReport report;
  report.other = PairHello();
  report.rails = std::move(rails);
  report.findings = std::move(findings);
  conclude(report);
  return report;
}

PairReport judged(std::vector<PairRail> rails) {
  const PairHello hello = node_in("z", "v", "g");
  std::vector<Finding> findings;
  for (const PairRail& rail : rails) findings.push_back(judge_rail(rail, {hello, hello}));
  return pair_with(std::move(rails), std::move(findings));
}

TEST(MeshOutcome, AllPairsOfDevicesMustWork) {
  const MeshOutcome good = outcome_of(judged({rail_with_rate(0, 8e10), rail_with_rate(1, 9e10)}));
  EXPECT_EQ(good.result, MeshResult::kWorks);
  EXPECT_EQ(good.works, 2);
  EXPECT_DOUBLE_EQ(*good.rate, 8.5e10);
  const MeshOutcome bad =
      outcome_of(judged({rail_with_rate(1, 9e10), rail_broken(PairStep::kSend, sent(13))}));
  EXPECT_EQ(bad.result, MeshResult::kFails);
  EXPECT_EQ(bad.code, "pair.unreachable");
  EXPECT_EQ(bad.works, 1);
  EXPECT_TRUE(says(bad.words, "vendor_err 13"));
  EXPECT_FALSE(bad.rate);
}

TEST(MeshOutcome, WhatIsInUseOrNotReachedIsUntested) {
  const PairAnswer used = answer_with([](PairAnswer& answer) { answer.holders = {7}; });
  const MeshOutcome busy = outcome_of(judged({rail_broken(PairStep::kSetup, used)}));
  EXPECT_EQ(busy.result, MeshResult::kUntested);
  EXPECT_EQ(busy.code, "pair.in-use");
  PairReport none;
  none.findings = {judge_connection({ErrorKind::kDenied, "refused", "no"}, "b")};
  conclude(none);
  EXPECT_EQ(outcome_of(none).result, MeshResult::kUntested);
  EXPECT_EQ(outcome_of(none).code, "pair.refused");
  EXPECT_EQ(outcome_of(pair_with({}, {})).result, MeshResult::kUntested);
}

}  // namespace
}  // namespace efa
