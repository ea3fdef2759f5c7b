// The configuration file and the health file: what is taken, and what is refused.

#include <gtest/gtest.h>

#include "agent/cli/daemon_check.h"
#include "agent/cli/status.h"
#include "agent/config/config.h"

namespace efa {
namespace {

std::string error_of(const std::string& toml) {
  const Result<Config> config = parse_config(toml, "c.toml");
  return config ? "" : message_of(config.error());
}

TEST(Config, AnEmptyFileMeansTheDefaults) {
  const Result<Config> config = parse_config("# nothing\n", "c.toml");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->pass.expect, "auto");
  EXPECT_EQ(config->pass.deadline_ms, 10'000);
}

TEST(Config, TakesTopAndNestedKeys) {
  const Result<Config> config =
      parse_config("expect = \"4\"\ndeadline_ms = 20000\n[metadata]\nbudget_ms = 200\n", "c.toml");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->pass.expect, "4");
  EXPECT_EQ(config->pass.deadline_ms, 20'000);
  EXPECT_EQ(config->metadata.budget_ms, 200);
}

TEST(Config, ErrorsNameTheLine) {
  struct Row {
    const char* toml;
    const char* error;
  };
  const Row rows[] = {
      {"\nexpectt = \"4\"\n", "c.toml:2: unknown key 'expectt'; did you mean expect?"},
      {"[metadata]\nport = 1\n", "c.toml:2: unknown key 'metadata.port'"},
      {"[other]\nx = 1\n", "c.toml:1: unknown key 'other'"},
      {"metadata = 1\n", "c.toml:1: metadata must be a table, as [metadata]"},
      {"\n[[s3]]\n", "c.toml:2: s3 must be a table, as [s3]"},
      {"\n[expect]\n", "c.toml:2: expect must be a string or a whole number"},
      {"[metdata]\nbudget_ms = 200\n", "c.toml:1: unknown key 'metdata'; did you mean metadata?"},
      {"[cheks]\n", "c.toml:1: unknown key 'cheks'; did you mean checks?"},
      {"expect = 4.5\n", "c.toml:1: expect must be a string or a whole number"},
      {"\nexpect = 1025\n",
       "c.toml:2: expect: '1025' is not auto, none, max or a number from 0 to 1024"},
      {"state_directory = 4\n", "c.toml:1: state_directory must be a string"},
      {"deadline_ms = \"5\"\n", "c.toml:1: deadline_ms must be a whole number"},
      {"deadline_ms = 1.5\n", "c.toml:1: deadline_ms must be a whole number"},
      {"deadline_ms = true\n", "c.toml:1: deadline_ms must be a whole number"},
      {"\n\ndeadline_ms = 999\n", "c.toml:3: deadline_ms must be from 1000 to 120000"},
      {"deadline_ms = -1\n", "c.toml:1: deadline_ms must be from 1000 to 120000"},
      {"[s3]\n\nregoin = \"us-east-1\"\n",
       "c.toml:3: unknown key 's3.regoin'; did you mean s3.region?"},
      {"[s3]\n\nsse = \"rot13\"\n", "c.toml:3: s3.sse: must be AES256 or aws:kms"},
      {"\nstate_directory = \"here\"\n", "c.toml:2: state_directory: must be an absolute path"},
      {"\nexpect = \"maxx\"\n",
       "c.toml:2: expect: 'maxx' is not auto, none, max or a number from 0 to 1024; did you mean "
       "max?"},
      {"\nexpect = \"8 or so\"\n",
       "c.toml:2: expect: '8 or so' is not auto, none, max or a number from 0 to 1024"},
  };
  for (const Row& row : rows) EXPECT_EQ(error_of(row.toml), row.error);
}

TEST(Config, AllErrorsAreToldInTheOrderOfTheirLines) {
  const ReadConfig read = parse_whole_config(
      "expect = \"many\"\ndeadline_ms = 1\nintervall_s = 3\n[checks]\npci.narow-link = \"off\"\n"
      "[s3]\nsse = \"rot13\"\nregion = \"a/b\"\n",
      "c.toml");
  std::vector<std::string> lines;
  for (const Error& error : read.errors) lines.push_back(error.where);
  EXPECT_EQ(lines, (std::vector<std::string>{"c.toml:1", "c.toml:2", "c.toml:3", "c.toml:5",
                                             "c.toml:7", "c.toml:8"}));
}

std::vector<std::string> places_of_errors(const std::string& toml, const MoreErrors& more = {}) {
  std::vector<std::string> places;
  for (const Error& error : parse_whole_config(toml, "c", more).errors) {
    places.push_back(error.where);
  }
  return places;
}

TEST(Config, NoSettingOfS3HidesTheErrorOfAnother) {
  EXPECT_EQ(places_of_errors("[s3]\nuri = \"bucket\"\nendpoint = \"a b\"\naddressing = \"both\"\n"
                             "kms_key_id = \"a b\"\nexpected_bucket_owner = \"x y\"\n"
                             "storage_class = \"a b\"\nsse = \"aws:kms\"\n"),
            (std::vector<std::string>{"c:2", "c:3", "c:4", "c:5", "c:6", "c:7"}));
}

TEST(Config, WhatOneCommandRefusesIsToldInTheSameRound) {
  EXPECT_EQ(places_of_errors("expect = \"many\"\nvalid_for_s = 20\nreports_kept = -1\n",
                             check_for_daemon),
            (std::vector<std::string>{"c:1", "c:2", "c:3"}));
  EXPECT_EQ(places_of_errors("\ninterval_s = 3600\n", check_for_daemon),
            std::vector<std::string>{"c:2"});
  EXPECT_TRUE(places_of_errors("interval_s = 60\nvalid_for_s = 130\n", check_for_daemon).empty());
  EXPECT_TRUE(places_of_errors("interval_s = 3600\n").empty());
}

TEST(Config, WhatAnotherCommandRefusesIsNotJudgedWhereItsValuesAreNotKnown) {
  for (const char* toml :
       {"interval_s = 4\nvalid_for_s = 20\n", "interval_s = \"\nvalid_for_s = 20\n",
        "deadline_ms = \"x\"\nvalid_for_s = 20\n", "valid_for_s = 9\n"}) {
    EXPECT_EQ(places_of_errors(toml, check_for_daemon), std::vector<std::string>{"c:1"}) << toml;
  }
}

TEST(Config, AnErrorOfSyntaxHidesNoOther) {
  EXPECT_EQ(places_of_errors("expect = \"many\ndeadline_ms = = 3\n[s3]\nsse = \"rot13\"\n"),
            (std::vector<std::string>{"c:1", "c:2", "c:4"}));
  EXPECT_EQ(places_of_errors("expect = 3\nexpect = 4\ndeadline_ms = 1\n"),
            (std::vector<std::string>{"c:2", "c:3"}));
  EXPECT_EQ(places_of_errors("\u00e4 = 1\ndeadline_ms = 1\n"),
            (std::vector<std::string>{"c:1", "c:2"}));
  EXPECT_EQ(places_of_errors(std::string(100, '=') + std::string(100, '\n')).size(), 1U);
}

// What is of an array, a text of several lines or a table that was not read is not called wrong.
TEST(Config, WhatAnErrorMayReachIntoIsNotJudged) {
  for (const char* toml :
       {"set_aside = [\"a\",,\n\"b\"]\n", "set_aside = [\"a\"\ndeadline_ms = 1\nexpect = 1\n",
        "[s3\nregion = \"eu-west-1\"\n", "[s3]\nsse = \"aws:kms\nkms_key_id = \"k\"\n",
        "[s3]\nsse = 3\nkms_key_id = \"k\"\n", "expect = \"\"\"max\ndeadline_ms = 1\n"}) {
    EXPECT_EQ(places_of_errors(toml).size(), 1U) << toml;
  }
  std::string many;
  for (int i = 0; i < 100; ++i) many += "a = =\n";
  EXPECT_EQ(places_of_errors(many).size(), 20U);
}

TEST(Config, ANumberOfAnAccountNeedsNoQuotes) {
  const auto config = parse_config("[s3]\nexpected_bucket_owner = 123456789012\n", "c.toml");
  ASSERT_TRUE(config.ok()) << message_of(config.error());
  EXPECT_EQ(config->s3.expected_bucket_owner, "123456789012");
}

TEST(Config, AnExpectationIsAWordOrANumberWithOrWithoutQuotes) {
  for (const auto& [toml, expect] : {std::pair{"expect = 32\n", "32"},
                                     {"expect = \"32\"\n", "32"},
                                     {"expect = \"max\"\n", "max"},
                                     {"expect = 0\n", "0"}}) {
    const Result<Config> config = parse_config(toml, "c.toml");
    ASSERT_TRUE(config.ok()) << toml;
    EXPECT_EQ(config->pass.expect, expect);
  }
}

TEST(Config, ChecksAreNamedWithAndWithoutQuotes) {
  for (const char* toml : {"[checks]\nlimits.memlock-low = \"info\"\npci.narrow-link = \"off\"\n",
                           "[checks]\n\"limits.memlock-low\" = \"info\"\n"
                           "'pci.narrow-link' = \"off\"\n",
                           "checks.limits.memlock-low = \"info\"\n"
                           "checks.pci.narrow-link = \"off\"\n"}) {
    const Result<Config> config = parse_config(toml, "c.toml");
    ASSERT_TRUE(config.ok()) << toml << message_of(config.error());
    EXPECT_EQ(config->pass.checks,
              (WeightWords{{"limits.memlock-low", "info"}, {"pci.narrow-link", "off"}}));
  }
}

TEST(Config, AWrongCheckIsToldItsLine) {
  struct Row {
    const char* toml;
    const char* error;
  };
  const Row rows[] = {
      {"[checks]\n\npci.narow-link = \"off\"\n",
       "c.toml:3: checks.pci.narow-link: no check has this code; did you mean pci.narrow-link?"},
      {"[checks]\n\"pci.narrow-link\" = true\n",
       "c.toml:2: checks.pci.narrow-link: must be off, info, warning or critical"},
      {"[checks]\nCODE = \"off\"\n", "c.toml:2: checks.CODE: no check has this code"},
      {"[checks]\nset_aside = [\"0000:10:1b.0\"]\n",
       "c.toml:2: checks.set_aside: no check has this code; did you mean set_aside?"},
      {"[checks]\nexpectt = \"4\"\n",
       "c.toml:2: checks.expectt: no check has this code; did you mean expect?"},
      {"checks = 3\n", "c.toml:1: checks must be a table, as [checks]"},
      {"[[checks]]\n", "c.toml:1: checks must be a table, as [checks]"},
      {"[checks]\n\"pci.narrow-link\" = {}\n",
       "c.toml:2: checks.pci.narrow-link: must be off, info, warning or critical"},
      {"[checks]\npair.slow = \"off\"\n",
       "c.toml:2: checks.pair.slow: has no effect: efa-doctor pair alone judges it, and takes no "
       "weights"},
      {"[checks]\n\nmesh.slow = \"critical\"\n",
       "c.toml:3: checks.mesh.slow: has no effect: efa-doctor mesh alone judges it, and takes no "
       "weights"},
  };
  for (const Row& row : rows) EXPECT_EQ(error_of(row.toml), row.error);
}

TEST(Config, OneSettingIsSetOnceWithOrWithoutQuotes) {
  EXPECT_EQ(error_of("[checks]\nlimits.memlock-low = \"info\"\n\"limits.memlock-low\" = \"off\"\n"),
            "c.toml:3: checks.limits.memlock-low is set in line 2 too");
  EXPECT_EQ(error_of("[checks]\n\"limits.memlock-low\" = \"off\"\nlimits.memlock-low = \"info\"\n"),
            "c.toml:3: checks.limits.memlock-low is set in line 2 too");
  EXPECT_EQ(error_of("\"s3.repeat_s\" = 1\n[s3]\nrepeat_s = 2\n"),
            "c.toml:3: s3.repeat_s is set in line 1 too");
}

TEST(Config, WhatIsWrongInItsValueHasItsLineWithQuotesToo) {
  EXPECT_EQ(error_of("\n\"s3.sse\" = \"rot13\"\n"), "c.toml:2: s3.sse: must be AES256 or aws:kms");
}

TEST(Config, DevicesAreSetAsideByPciAddress) {
  const Result<Config> config =
      parse_config("set_aside = [\"0000:10:1b.0\", \"0000:20:1B.0\"]\n", "c.toml");
  ASSERT_TRUE(config.ok()) << message_of(config.error());
  EXPECT_EQ(config->pass.set_aside.front(), "0000:10:1b.0");
  for (const char* toml : {"set_aside = \"0000:10:1b.0\"\n", "set_aside = [\"rdmap16s27\"]\n",
                           "set_aside = [4]\n", "set_aside = [[]]\n"}) {
    EXPECT_TRUE(error_of(toml).starts_with("c.toml:1: set_aside must be a list of PCI addresses"))
        << error_of(toml);
  }
}

TEST(Config, WhatIsNoTomlIsAnErrorOfItsLine) {
  for (const char* toml : {"expect = \n", "x\n", "expect = \"a\nb\"\n", "\xff\xfe = 1\n", "[a\n",
                           "a = 1\na = 2\n", "deadline_ms = 99999999999999999999\n"}) {
    EXPECT_TRUE(error_of(toml).starts_with("c.toml:")) << toml << error_of(toml);
  }
  EXPECT_FALSE(parse_config(std::string(100'000, '['), "c.toml").ok());
}

TEST(Config, ADeviceHasLessTimeThanThePass) {
  for (const char* toml :
       {"deadline_ms = 2000\ndevice_deadline_ms = 60000\n",
        "deadline_ms = 2000\ndevice_deadline_ms = 2000\n", "\ndevice_deadline_ms = 10000\n"}) {
    const std::string error = error_of(toml);
    EXPECT_TRUE(error.starts_with("c.toml:2: device_deadline_ms: ")) << error;
    EXPECT_NE(error.find(" is not less than deadline_ms = "), std::string::npos) << error;
  }
  EXPECT_EQ(error_of("deadline_ms = 2000\ndevice_deadline_ms = 1999\n"), "");
  EXPECT_EQ(places_of_errors("deadline_ms = \"x\"\ndevice_deadline_ms = 60000\n"),
            std::vector<std::string>{"c:1"});
}

TEST(Config, TheDefaultOfADeviceGivesWayToAShortPass) {
  const auto config = parse_config("deadline_ms = 2000\n", "c.toml");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->pass.device_deadline_ms, 1000);
}

TEST(Config, OnlyAFileThatWasNamedMustBeThere) {
  EXPECT_TRUE(read_config("/nowhere/config.toml", false).ok());
  EXPECT_FALSE(read_config("/nowhere/config.toml", true).ok());
  EXPECT_FALSE(read_config("/", false).ok());
}

TEST(Config, EverySettingIsToldAndInBounds) {
  Config defaults;
  for (const Setting& setting : settings()) {
    EXPECT_STRNE(setting.help, "") << setting.key;
    const auto* number = std::get_if<int64_t& (*)(Config&)>(&setting.field);
    const auto* limit = std::get_if<int64_t CounterLimits::*>(&setting.field);
    if (number == nullptr && limit == nullptr) continue;
    const int64_t value = number != nullptr ? (*number)(defaults) : defaults.counters.**limit;
    EXPECT_GE(value, setting.least) << setting.key;
    EXPECT_LE(value, setting.most) << setting.key;
  }
}

constexpr int64_t kNowMs = 1'795'471'200'000;  // 2026-11-23T22:00:00Z
constexpr Moment kNow{kNowMs, 5'000'000};

std::string health(const std::string& verdict, const std::string& generated,
                   const std::string& valid_until, const std::string& boot_id = "b") {
  return R"({"verdict":")" + verdict + R"(","summary":"4 EFA devices work","generated_at":")" +
         generated + R"(","valid_until":")" + valid_until + R"(","boot_id":")" + boot_id + "\"}";
}

TEST(Health, IsTakenWhileItIsFresh) {
  const std::string fresh = health("degraded", "2026-11-23T21:59:00Z", "2026-11-23T22:14:00Z");
  const Health taken = judge_health(fresh, kNow, "b", std::nullopt);
  EXPECT_EQ(taken.verdict, Verdict::kDegraded);
  EXPECT_EQ(taken.summary, "4 EFA devices work");
  EXPECT_EQ(judge_health(fresh, kNow, "b", 60).verdict, Verdict::kDegraded);
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
      {health("healthy", early, late, "other"), "the health file is from another boot"},
      {health("healthy", "2026-11-23T21:00:00Z", "2026-11-23T21:15:00Z"),
       "the health file is stale: 3600 s old; its verdict was healthy"},
      {health("healthy", "2026-11-23T23:00:00Z", "2026-11-23T23:15:00Z"),
       "the timestamp of the health file lies in the future"},
  };
  for (const Row& row : rows) {
    const Health judged = judge_health(row.json, kNow, "b", std::nullopt);
    EXPECT_EQ(judged.verdict, Verdict::kUnknown) << row.json;
    EXPECT_TRUE(judged.summary.starts_with(row.why)) << judged.summary;
  }
  EXPECT_EQ(judge_health(health("healthy", early, late), kNow, "b", 59).verdict, Verdict::kUnknown);
  EXPECT_EQ(judge_health(health("healthy", early, late, ""), kNow, "", {}).verdict,
            Verdict::kUnknown);
}

constexpr int64_t kSteps[] = {1'000, 3'600'000, 31'536'000'000};  // a second, an hour, a year

// Generated a minute before kNow, valid for 15.
std::string health_with_boottime(const std::string& boot_id = "b") {
  std::string json = health("healthy", "2026-11-23T21:59:00Z", "2026-11-23T22:14:00Z", boot_id);
  json.pop_back();
  return json + R"(,"generated_boottime_ms":4940000,"valid_until_boottime_ms":5840000})";
}

TEST(Health, AClockThatWasSetMakesItNeitherStaleNorFresh) {
  for (const int64_t step : kSteps) {
    for (const int64_t by : {-step, step}) {
      const auto after = [&](int64_t ms) { return Moment{kNowMs + by + ms, kNow.boot_ms + ms}; };
      const auto judge = [&](int64_t ms, std::optional<int64_t> max_age_s) {
        return judge_health(health_with_boottime(), after(ms), "b", max_age_s);
      };
      EXPECT_EQ(judge(0, 60).verdict, Verdict::kHealthy) << by;
      EXPECT_EQ(judge(0, 59).verdict, Verdict::kUnknown) << by;
      EXPECT_EQ(judge(840'000, {}).verdict, Verdict::kHealthy) << by;
      EXPECT_EQ(judge(841'000, {}).summary,
                "the health file is stale: 901 s old; its verdict was healthy")
          << by;
    }
  }
}

TEST(Health, WhereTheClockSinceBootIsAnotherTheWallClockTells) {
  const Moment elsewhere{kNowMs, 1'000};  // a container with a time namespace of its own
  EXPECT_EQ(judge_health(health_with_boottime(), elsewhere, "b", 60).verdict, Verdict::kHealthy);
  EXPECT_EQ(judge_health(health_with_boottime(), elsewhere, "b", 59).verdict, Verdict::kUnknown);
  EXPECT_EQ(judge_health(health_with_boottime(), elsewhere, "c", {}).verdict, Verdict::kUnknown);
}

TEST(DrainReason, NamesVerdictScaleAndTheGraveCausesOfTheChosenActors) {
  Health health;
  health.verdict = Verdict::kUnhealthy;
  health.devices = "31/32";
  health.causes = {{"rdma.counters-hang", "critical", "aws_support"},
                   {"pci.fewer-than-expected", "critical", "account_owner"},
                   {"node.missing", "critical", "node_operator"},
                   {"pci.narrow-link", "warning", "aws_support"}};
  EXPECT_EQ(drain_reason_of(health, {"aws_support", "node_operator"}),
            "unhealthy 31/32 rdma.counters-hang,node.missing");
  EXPECT_EQ(drain_reason_of(health, {"image_owner"}), "");
  health.verdict = Verdict::kDegraded;
  health.devices = "";
  EXPECT_EQ(drain_reason_of(health, {"aws_support"}), "degraded pci.narrow-link");
}

TEST(DrainReason, IsShortAndHarmless) {
  Health health;
  health.verdict = Verdict::kUnhealthy;
  for (int i = 0; i < 20; ++i) health.causes.push_back({"site.\"`$x", "critical", "aws_support"});
  const std::string reason = drain_reason_of(health, {"aws_support"});
  EXPECT_EQ(reason.size(), 100U);
  EXPECT_EQ(reason.find_first_of("\"`$"), std::string::npos);
}

TEST(DrainReason, CausesAndScaleAreReadFromTheHealthFile) {
  const std::string json =
      R"({"verdict":"unhealthy","summary":"s","boot_id":"b","generated_at":"2026-11-23T21:59:00Z",)"
      R"("valid_until":"2099-01-01T00:00:00Z","root_causes":["node.missing"],)"
      R"("causes":[{"code":"node.missing","severity":"critical","actor":"node_operator"}],)"
      R"("devices":{"expected":4,"working":3}})";
  const Health health = judge_health(json, kNow, "b", std::nullopt);
  EXPECT_EQ(drain_reason_of(health, {"node_operator"}), "unhealthy 3/4 node.missing");
}

TEST(Moment, APastTimeIsShownByTheClockAsItIsSetNow) {
  const Moment now{kNowMs, 5'000'000};
  const int64_t minute_ago = now.boot_ms - 60'000;
  EXPECT_EQ(shown_at(now, kNowMs - 60'000, minute_ago), kNowMs - 60'000);
  EXPECT_EQ(shown_at(now, kNowMs - 60'003, minute_ago), kNowMs - 60'003) << "no flicker";
  for (const int64_t step : kSteps) {
    for (const int64_t by : {-step, step}) {
      EXPECT_EQ(shown_at(now, kNowMs - by - 60'000, minute_ago), kNowMs - 60'000) << by;
    }
  }
}

TEST(Moment, TheClockSinceBootGoesOn) {
  const Moment first = Moment::now();
  const Moment second = Moment::now();
  EXPECT_GE(second.boot_ms, first.boot_ms);
  EXPECT_GT(first.boot_ms, 0);
  EXPECT_FALSE(boot_id_of_machine().empty());
}

}  // namespace
}  // namespace efa
