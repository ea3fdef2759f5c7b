// Whatever is wrong with a node: each root cause and what mends it is in the 2,500 characters that
// SSM's list-command-invocations keeps, in the order of the root causes. A terminal shows it whole.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "agent/report/page.h"
#include "agent/report/report.h"
#include "probes/base/text.h"
#include "probes/judging/remedy.h"
#include "tests/support/check_case.h"

namespace efa {
namespace {

Report report_of(const Scene& scene) {
  Report report;
  report.diagnosis = diagnose(scene);
  report.node = scene.node;
  report.run = {"once", 7, 1'795'471'200'000, 123, 900'000, 20'000, 45};
  return report;
}

std::string unwrapped(const std::string& text) {
  return join(words(text), " ");
}

// How the fix of a cause begins: of the least that is told of one.
std::string beginning(std::string_view remedy) {
  constexpr size_t kTold = 50;
  return unwrapped(std::string(remedy)).substr(0, kTold);
}

// What is cut ends with a whole word.
void expect_whole_words(const std::string& plain, const std::string& remedy) {
  const size_t at = plain.find(beginning(remedy));
  const size_t cut = plain.find(" ...", at);
  const std::string whole = unwrapped(remedy);
  if (at == std::string::npos || cut == std::string::npos || cut - at >= whole.size()) return;
  const std::string told = plain.substr(at, cut - at);
  if (!whole.starts_with(told)) return;  // told whole; the cut is of what follows
  EXPECT_TRUE(whole[told.size()] == ' ' || whole[told.size()] == '.') << told;
}

void expect_all_causes(const Report& report, const std::string& name) {
  const std::string text = render_text(report, {});
  const std::string plain = unwrapped(text);
  EXPECT_LE(text.size(), kMostOfNode) << name;
  EXPECT_FALSE(text.ends_with("everything]\n")) << name << text;
  size_t last = 0;
  for (const std::string& code : report.diagnosis.root_causes) {
    const size_t at = text.find("  " + code);
    ASSERT_NE(at, std::string::npos) << name << ": " << code << text;
    EXPECT_LE(last, at) << name << ": " << code << text;
    last = at;
  }
  std::map<std::pair<std::string, std::string>, bool> named;  // of each cause and fix: is a subject
  for (const Finding& finding : report.diagnosis.findings) {
    const bool root = finding.result == kFail && finding.explained_by.empty();
    if (!root || finding.check->severity == Severity::kInfo) continue;
    const std::string code(finding.check->code);
    const std::string remedy(finding.remedy_text());
    const size_t told = plain.find(code + ": ");
    bool& is_named = named[{code, remedy}];
    is_named = is_named || plain.find(finding.subject, told) != std::string::npos;
    expect_whole_words(plain, remedy);
    EXPECT_NE(plain.find(beginning(finding.remedy_text())), std::string::npos)
        << name << ": " << finding.check->code << text;
  }
  for (const auto& [cause, is_named] : named) {
    EXPECT_TRUE(is_named) << name << ": whom " << cause.first << " is of" << text;
  }
}

class TextOfCheck : public testing::TestWithParam<CheckCase> {};

TEST_P(TextOfCheck, HoldsEachCauseAndItsFix) {
  Scene scene = healthy_scene();
  GetParam().change(scene);
  expect_all_causes(report_of(scene), GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(All, TextOfCheck, testing::ValuesIn(all_cases()),
                         [](const auto& row) { return name_of(row.param); });

using Break = void (*)(Scene&, size_t);

TEST(TextSize, OneCommandMends32Devices) {
  Scene scene = healthy_scene(32);
  for (size_t i = 0; i < 32; ++i) {
    scene.pci(i).driver.reset();
    lose_rdma(scene, i);
  }
  const Report report = report_of(scene);
  expect_all_causes(report, "unbound");
  const std::string text = render_text(report, {});
  EXPECT_TRUE(text.starts_with("UNHEALTHY  0 of 32 EFA devices work: ")) << text;
  EXPECT_EQ(text.find("$ "), text.rfind("$ ")) << text;
  for (size_t i = 0; i < 32; ++i) {
    EXPECT_NE(text.find(" " + device(i).substr(5, 2)), std::string::npos) << device(i) << text;
  }
}

// 32 devices with so many kinds of faults, by turns.
Scene scene_of_kinds(size_t many) {
  static constexpr Break kKinds[] = {
      [](Scene& scene, size_t i) { scene.pci(i).config = "ffffffff"; },
      [](Scene& scene, size_t i) {
        scene.pci(i).driver = scene.pci(i).driver_override = "vfio-pci";
        lose_rdma(scene, i);
      },
      [](Scene& scene, size_t i) {
        scene.pci(i).driver.reset();
        lose_rdma(scene, i);
      },
      [](Scene& scene, size_t i) { restrict_mode(scene, i); },
      [](Scene& scene, size_t i) { scene.pci(i).link->width = 1; },
      [](Scene& scene, size_t i) { hang(scene, i); },
      [](Scene& scene, size_t) {
        constexpr LockedMemory kLittle{false, 64, false, 64};
        scene.node.limits.facts.services = {{"slurmd", 700, kLittle, "slurmd.service"}};
      },
  };
  Scene scene = healthy_scene(32);
  for (size_t i = 32; i-- > 0;) kKinds[i % many](scene, i);  // the last first: some are erased
  return scene;
}

constexpr size_t kMostKinds = 7;

TEST(TextSize, FaultsOfEachKindOn32DevicesFitTogether) {
  for (size_t many = 1; many <= kMostKinds; ++many) {
    expect_all_causes(report_of(scene_of_kinds(many)), std::to_string(many) + " kinds");
  }
}

constexpr TextStyle kTerminal{.whole = true};

TEST(TextSize, ATerminalIsToldAllThatIsWrongAndEachFixToItsEnd) {
  const Report report = report_of(scene_of_kinds(kMostKinds));
  const std::string text = render_text(report, kTerminal);
  const std::string plain = unwrapped(text);
  EXPECT_GT(text.size(), kMostOfNode);
  EXPECT_EQ(text.find(" ..."), std::string::npos) << text;
  for (const Finding& finding : report.diagnosis.findings) {
    if (finding.result != kFail || !finding.explained_by.empty()) continue;
    const std::string remedy(finding.remedy_text());
    EXPECT_NE(plain.find(unwrapped(remedy)), std::string::npos) << finding.check->code << text;
  }
}

TEST(TextSize, WhatFitsIsTheSameOnATerminal) {
  const Report report = report_of(healthy_scene());
  EXPECT_EQ(render_text(report, kTerminal), render_text(report, {}));
}

TEST(TextSize, APageForATerminalIsNotCutHoweverLongItIs) {
  for (const bool whole : {false, true}) {
    TextPage page({.whole = whole});
    for (size_t i = 0; i < 100; ++i) page.line(std::string(60, 'x'));
    EXPECT_EQ(page.take(kMostOfNode).ends_with("everything]\n"), !whole);
    EXPECT_EQ(page.take(kMostOfNode).size() > kMostOfNode, whole);
  }
}

}  // namespace
}  // namespace efa
