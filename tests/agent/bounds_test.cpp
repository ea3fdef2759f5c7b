// What the agent writes can be read by whoever reads it, whatever it tells of.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "agent/config/config.h"
#include "agent/config/toml_bounds.h"
#include "agent/diagnose/diagnosis.h"
#include "agent/pass/state.h"
#include "agent/report/fit.h"
#include "agent/report/report.h"
#include "probes/base/bounds.h"
#include "probes/base/describe.h"

namespace efa {
namespace {

Value report_of(size_t findings, size_t facts) {
  Array list;
  for (size_t i = 0; i < findings; ++i) {
    Value finding;
    finding.set("result", i % 2 == 0 ? "pass" : "fail");
    finding.set("message", std::string(1'000, '\x01'));
    list.push_back(std::move(finding));
  }
  Value report;
  report.set("findings", std::move(list));
  report.set("devices", Array{});
  report.set("facts", Object{{"pci", Array(facts)}});
  return report;
}

TEST(Fit, LeavesAReportThatFitsAsItIs) {
  Value report = report_of(100, 1'000);
  const std::string before = render_json(report);
  fit(report);
  EXPECT_EQ(render_json(report), before);
}

TEST(Fit, LeavesOutFactsFirst) {
  Value report = report_of(100, 180'000);
  fit(report);
  EXPECT_EQ(render_json(*report.find("facts")), "{}");
  EXPECT_EQ(render_json(*report.find("left_out")), R"(["facts"])");
  EXPECT_EQ(report.find("findings")->as<Array>()->size(), 100U);
}

TEST(Fit, KeepsWhatFails) {
  Value report = report_of(5'000, 0);
  fit(report);
  const Array& findings = *report.find("findings")->as<Array>();
  EXPECT_EQ(findings.size(), 2'000U);
  EXPECT_EQ(findings.front().text("result"), "fail");
  EXPECT_EQ(render_json(*report.find("left_out")),
            R"(["facts","findings that pass","500 findings"])");
  const std::string json = render_json(report, 1);
  EXPECT_LT(json.size(), size_t{16} * 1024 * 1024);
  EXPECT_TRUE(parse_json(json, "report").ok());
}

TEST(HealthFile, HasTheGravestOfManyCauses) {
  Report report;
  for (int i = 0; i < 5'000; ++i) {
    report.diagnosis.root_causes.push_back("site." + std::string(50, 'x') + std::to_string(i));
  }
  report.diagnosis.summary = std::string(100'000, 'x');
  const Value health = health_value(report, "/r");
  EXPECT_LT(render_json(health, 1).size(), size_t{256} * 1024);
  EXPECT_EQ(health.find("root_causes")->as<Array>()->size(), 100U);
  EXPECT_EQ(*health.find("root_causes_left_out")->as<int64_t>(), 4'900);
}

TEST(Findings, QuoteNoMoreThanAPersonReads) {
  Node node;
  node.kernel.outcome.name = "kernel";
  node.kernel.outcome.status = ProbeStatus::kFailed;
  node.kernel.outcome.detail = std::string(100'000, 'x');
  for (const Finding& finding : judge_all(node, {})) {
    EXPECT_LE(finding.message.size(), kMaxWords) << finding.check->code;
    EXPECT_LE(finding.evidence.observed.size(), kMaxWords) << finding.check->code;
    EXPECT_LE(finding.subject.size(), kMaxSubject) << finding.check->code;
  }
}

TEST(State, OneThatGrewTooLargeKeepsWhatThePassNeeds) {
  std::string directory = testing::TempDir() + "state-XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  const std::string path = directory + "/state.json";
  State state = begin_pass(path, true);
  state.devices = {{0, 6, 0, 0}};
  for (int i = 0; i < 50'000; ++i) {
    state.history.episodes.push_back({"site.x", std::string(100, 'x') + std::to_string(i), 0});
  }
  EXPECT_TRUE(end_pass(path, state).ok());
  const State next = begin_pass(path, false);
  EXPECT_EQ(next.sequence, 2);
  EXPECT_EQ(next.devices, state.devices);
  std::filesystem::remove_all(directory);
}

size_t refused_number(std::string_view toml) {
  return refused_line(toml).value_or(RefusedLine{}).number;
}

TEST(Config, LettersOfOtherScriptsAreForStringsAndComments) {
  for (const char* text :
       {"# ä\nexpect = \"none\" # ä\n", "expect = 'ä'", "expect = \"\\\"ä\"",
        "expect = \"\"\"\nä\n\\\"\"\"\"", "\xEF\xBB\xBF# ä", "'ä' = 1", "1 = 'ä'",
        "a = [1, 'ä', 2]#\"ä\"", "a=1\nb=\"ä\"", "a='\\ä'", "a = {b = 1, c='ä'}"}) {
    EXPECT_FALSE(refused_line(text)) << text;
  }
  EXPECT_EQ(refused_number("a = \"x\"\nä = 1"), 2U);
  EXPECT_EQ(refused_number("[s\xCE\xA2"), 1U);
  EXPECT_EQ(refused_number("a = \"not closed\nä"), 2U);
  for (const char* text :  // where toml++ would ask whether it is a blank
       {"a = 300/x\"ä", "a = 300[\"ä\"]", "a = [2\"ä", "a = 2020-01-01 \"ä", "a = -1='ä'",
        "a = [\"x\", 1'ä']", "a = \"\"\"\\ \nä\"\"\"", "a = \"\"\"\\ä\"\"\"", "a = \"\\ä\"",
        "a = \"\"\"\\\n\n ä\"\"\""}) {
    EXPECT_EQ(refused_number(text), 1U) << text;
    EXPECT_FALSE(parse_config(text, "c.toml").ok()) << text;
  }
  for (const char* text : {"a = [\n1\"ä", "a = [ # ä\n1\"ä", "a = [1, # ä\n2'ä'"}) {
    EXPECT_EQ(refused_number(text), 2U) << text;
    EXPECT_FALSE(parse_config(text, "c.toml").ok()) << text;
  }
  const Result<Config> config = parse_config("[s\xCE\xA2", "c.toml");
  ASSERT_FALSE(config.ok());
  EXPECT_TRUE(message_of(config.error()).starts_with("c.toml:1: only strings and comments"));
}

TEST(Config, AKeyOfManyDotsDoesNotFillTheStack) {
  std::string key = "a";
  for (int i = 0; i < 400'000; ++i) key += ".a";
  for (const std::string& text :
       {"\n" + key + " = 1", "\n[" + key + "]", "\nx = {" + key + " = 1}",
        "\nx = [\"\"\"a\"\"\"\", {" + key + " = 1}]", "\nx = ['''a''''', {" + key + " = 1}]"}) {
    const Result<Config> config = parse_config(text, "c.toml");
    ASSERT_FALSE(config.ok());
    EXPECT_EQ(message_of(config.error()), "c.toml:2: a key contains too many dots");
  }
  const std::string dots(100, '.');
  EXPECT_FALSE(refused_line("x = '" + dots + "'  # " + dots));
  EXPECT_FALSE(refused_line("x = \"\"\"" + dots + "\"\"\"\"\"\ny = 1.5"));
}

}  // namespace
}  // namespace efa
