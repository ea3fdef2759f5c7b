// The configuration file and the health file: what is taken, and what is refused.

#include <gtest/gtest.h>

#include "agent/cli/config.h"
#include "agent/cli/status.h"

namespace efa {
namespace {

std::string error_of(const std::string& toml) {
  const Result<Config> config = parse_config(toml, "c.toml");
  return config ? "" : message_of(config.error());
}

TEST(Config, AnEmptyFileMeansTheDefaults) {
  const Result<Config> config = parse_config("# nothing\n", "c.toml");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->expect, "auto");
  EXPECT_EQ(config->deadline_ms, 10'000);
}

TEST(Config, TakesTopAndNestedKeys) {
  const Result<Config> config =
      parse_config("expect = \"4\"\ndeadline_ms = 20000\n[metadata]\nbudget_ms = 200\n", "c.toml");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->expect, "4");
  EXPECT_EQ(config->deadline_ms, 20'000);
  EXPECT_EQ(config->metadata_budget_ms, 200);
}

TEST(Config, ErrorsNameTheLine) {
  struct Row {
    const char* toml;
    const char* error;
  };
  const Row rows[] = {
      {"\nexpectt = \"4\"\n", "c.toml:2: unknown key 'expectt'"},
      {"[metadata]\nport = 1\n", "c.toml:2: unknown key 'metadata.port'"},
      {"[other]\nx = 1\n", "c.toml:1: unknown key 'other'"},
      {"metadata = 1\n", "c.toml:1: unknown key 'metadata'"},
      {"expect = 4\n", "c.toml:1: expect must be a string"},
      {"deadline_ms = \"5\"\n", "c.toml:1: deadline_ms must be a whole number"},
      {"deadline_ms = 1.5\n", "c.toml:1: deadline_ms must be a whole number"},
      {"deadline_ms = true\n", "c.toml:1: deadline_ms must be a whole number"},
      {"\n\ndeadline_ms = 999\n", "c.toml:3: deadline_ms must be from 1000 to 120000"},
      {"deadline_ms = -1\n", "c.toml:1: deadline_ms must be from 1000 to 120000"},
      {"\nexpect = \"many\"\n", "c.toml:2: expect: 'many' is not auto, none or a number"},
  };
  for (const Row& row : rows) EXPECT_EQ(error_of(row.toml), row.error);
}

TEST(Config, WhatIsNoTomlIsAnErrorOfItsLine) {
  for (const char* toml : {"expect = \n", "x\n", "expect = \"a\nb\"\n", "\xff\xfe = 1\n", "[a\n",
                           "a = 1\na = 2\n", "deadline_ms = 99999999999999999999\n"}) {
    EXPECT_TRUE(error_of(toml).starts_with("c.toml:")) << toml << error_of(toml);
  }
  EXPECT_FALSE(parse_config(std::string(100'000, '['), "c.toml").ok());
}

TEST(Config, ADeviceHasLessTimeThanThePass) {
  const auto config = parse_config("deadline_ms = 2000\ndevice_deadline_ms = 60000\n", "c.toml");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->device_deadline_ms, 1000);
}

TEST(Config, OnlyAFileThatWasNamedMustBeThere) {
  EXPECT_TRUE(read_config("/nowhere/config.toml", false).ok());
  EXPECT_FALSE(read_config("/nowhere/config.toml", true).ok());
  EXPECT_FALSE(read_config("/", false).ok());
}

TEST(Config, EverySettingIsToldAndInBounds) {
  const Config defaults;
  for (const Setting& setting : settings()) {
    EXPECT_STRNE(setting.help, "") << setting.key;
    const auto* number = std::get_if<int64_t Config::*>(&setting.field);
    if (number == nullptr) continue;
    EXPECT_GE(defaults.**number, setting.least) << setting.key;
    EXPECT_LE(defaults.**number, setting.most) << setting.key;
  }
}

constexpr int64_t kNowMs = 1'795'471'200'000;  // 2026-11-23T22:00:00Z

std::string health(const std::string& verdict, const std::string& generated,
                   const std::string& valid_until, const std::string& boot_id = "b") {
  return R"({"verdict":")" + verdict + R"(","summary":"4 EFA devices work","generated_at":")" +
         generated + R"(","valid_until":")" + valid_until + R"(","boot_id":")" + boot_id + "\"}";
}

TEST(Health, IsTakenWhileItIsFresh) {
  const std::string fresh = health("degraded", "2026-11-23T21:59:00Z", "2026-11-23T22:14:00Z");
  const Health taken = judge_health(fresh, kNowMs, "b", std::nullopt);
  EXPECT_EQ(taken.verdict, Verdict::kDegraded);
  EXPECT_EQ(taken.summary, "4 EFA devices work");
  EXPECT_EQ(judge_health(fresh, kNowMs, "b", 60).verdict, Verdict::kDegraded);
}

TEST(Health, ElseItIsUnknown) {
  const std::string early = "2026-11-23T21:59:00Z";
  const std::string late = "2026-11-23T22:14:00Z";
  struct Row {
    std::string json;
    const char* why;
  };
  const Row rows[] = {
      {"", "health file: "},
      {"{\"verdict\":\"healthy\"", "health file: "},
      {"[]", "the health file is damaged"},
      {"{}", "the health file is damaged"},
      {health("fine", early, late), "the health file is damaged"},
      {health("healthy", "yesterday", late), "the health file is damaged"},
      {health("healthy", early, "2026-11-23T22:14:00"), "the health file is damaged"},
      {health("healthy", early, ""), "the health file is damaged"},
      {health("healthy", early, late, "other"), "the health file is of another boot"},
      {health("healthy", "2026-11-23T21:00:00Z", "2026-11-23T21:15:00Z"),
       "the health file is stale: 3600 s old; it said healthy"},
      {health("healthy", "2026-11-23T23:00:00Z", "2026-11-23T23:15:00Z"),
       "the health file is of a time to come"},
  };
  for (const Row& row : rows) {
    const Health judged = judge_health(row.json, kNowMs, "b", std::nullopt);
    EXPECT_EQ(judged.verdict, Verdict::kUnknown) << row.json;
    EXPECT_TRUE(judged.summary.starts_with(row.why)) << judged.summary;
  }
  EXPECT_EQ(judge_health(health("healthy", early, late), kNowMs, "b", 59).verdict,
            Verdict::kUnknown);
  EXPECT_EQ(judge_health(health("healthy", early, late, ""), kNowMs, "", {}).verdict,
            Verdict::kUnknown);
}

}  // namespace
}  // namespace efa
