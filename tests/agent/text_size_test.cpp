// Whatever is wrong with a node: each root cause and what mends it is in the 2,300 characters that
// SSM's list-command-invocations keeps, in the order of the root causes. A terminal shows it whole.

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
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
  report.run = {Trigger::kOnce, 7, 1'795'471'200'000, 123, 900'000, 20'000, 45};
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

// How the subject of a cause begins: of the least that is told of a long one.
std::string whom(const std::string& subject) {
  constexpr size_t kLongest = 64;
  constexpr size_t kTold = 57;
  const std::string plain = unwrapped(subject);
  return plain.substr(0, plain.size() > kLongest ? kTold : kLongest);
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
    is_named = is_named || plain.find(whom(finding.subject), told) != std::string::npos;
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

INSTANTIATE_TEST_SUITE_P(All, TextOfCheck, testing::ValuesIn(all_cases()), [](const auto& row) {
  return name_of(row.param) + "_" + std::to_string(row.index);
});

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

// Of one to three bytes, and words.
constexpr const char* kLetters[] = {"x", "word ", "\u00e4", "\u8a9e"};

bool is_word(std::string_view letters) {
  return letters.ends_with(' ');
}

std::string repeated(std::string_view letters, size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += letters;
  return text;
}

// A finding of a site's probe with as many words as it likes.
void add_site_finding(Scene& scene, const char* code, std::string_view letters) {
  constexpr size_t kBytes = 1'000;
  Value finding;
  finding.set("code", code);
  finding.set("result", "fail");
  finding.set("severity", "critical");
  for (const char* words : {"subject", "message", "title", "remedy", "command"}) {
    finding.set(words, repeated(letters, kBytes));
  }
  SiteProbe probe;
  probe.outcome.name = "site:long";
  probe.outcome.status = ProbeStatus::kOk;
  probe.findings.push_back(finding);
  scene.node.site.push_back(probe);
}

// Beside two faults of EFA devices.
Report report_of_long_findings(std::string_view letters) {
  Scene scene = healthy_scene(32);
  scene.pci(3).link->width = 1;
  scene.rdma(5).gid = "0000:0000:0000:0000:0000:0000:0000:0000";
  scene.rdma(5).mac.reset();
  add_site_finding(scene, "site.a", letters);
  add_site_finding(scene, "site.b", letters);
  return report_of(scene);
}

// Between characters, which it says.
void expect_well_cut(const std::string& text, const std::string& letters) {
  EXPECT_TRUE(is_utf8(text)) << text;
  EXPECT_EQ(text.find("?..."), std::string::npos) << text;
  EXPECT_NE(text.find(letters + "..."), std::string::npos) << text;
}

TEST(TextSize, LongWordsOfASitesProbeCostNoCause) {
  for (const char* letters : kLetters) {
    const Report report = report_of_long_findings(letters);
    const std::vector<std::string>& causes = report.diagnosis.root_causes;
    for (const char* code : {"site.a", "site.b", "pci.narrow-link", "rdma.no-gid"}) {
      EXPECT_EQ(std::count(causes.begin(), causes.end(), code), 1) << code;
    }
    expect_all_causes(report, letters);
    if (is_word(letters)) continue;
    expect_well_cut(render_text(report, {}), letters);
  }
}

// Each as long as a site may make it.
TEST(TextSize, TenCausesWithLongWordsFit) {
  constexpr const char* kCodes[] = {"site.a", "site.b", "site.c", "site.d", "site.e",
                                    "site.f", "site.g", "site.h", "site.i", "site.j"};
  for (const char* letters : kLetters) {
    Scene scene = healthy_scene();
    for (const char* code : kCodes) add_site_finding(scene, code, letters);
    const Report report = report_of(scene);
    EXPECT_EQ(report.diagnosis.root_causes.size(), std::size(kCodes));
    expect_all_causes(report, letters);
  }
}

TEST(TextSize, LongWordsOfTheMachineAndItsSiteCostNoCause) {
  for (const char* letters : kLetters) {
    const std::string all = repeated(letters, 5'000);
    Report report = report_of(scene_of_kinds(3));
    report.diagnosis.summary = all;
    KernelFacts& kernel = report.node.kernel.facts;
    kernel.hostname = kernel.release = all;
    kernel.efa_version = all;
    CloudFacts& cloud = report.node.cloud.facts;
    cloud.instance_id = cloud.instance_type = cloud.availability_zone_id = all;
    for (uint8_t i = 0; i < 200; ++i) {
      SiteProbe probe;
      probe.outcome.name = "site:" + repeated(letters, 250);
      probe.outcome.status = ProbeStatus::kFailed;
      report.node.site.push_back(probe);
      report.diagnosis.expectation.weights["site.x" + std::to_string(i)] = Severity::kInfo;
      report.diagnosis.expectation.set_aside.insert({1, i, 0, 0});
    }
    expect_all_causes(report, letters);
    if (is_word(letters)) continue;
    expect_well_cut(render_text(report, {}), letters);
  }
}

// What SSM keeps of a node whose driver says a version of any length.
TEST(TextSize, ALongVersionLeavesTheRestAsItIs) {
  Report report = report_of(scene_of_kinds(1));
  report.node.kernel.facts.efa_version = std::string(5'000, '3');
  expect_all_causes(report, "version");
  const std::string text = unwrapped(render_text(report, {}));
  EXPECT_NE(text.find("node-1, i-0123456789abcdef0, g6e.48xlarge, kernel"), std::string::npos)
      << text;
  EXPECT_NE(text.find("efa " + std::string(61, '3') + "... "), std::string::npos) << text;
}

constexpr TextStyle kTerminal{.whole = true};

TEST(TextSize, ATerminalIsToldLongWordsWhole) {
  const std::string text = render_text(report_of_long_findings("x"), kTerminal);
  EXPECT_NE(text.find("    " + std::string(1'000, 'x') + "\n"), std::string::npos) << text;
}

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
