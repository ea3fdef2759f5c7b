// Whether the service stands behind the health file.

#include "agent/cli/service_word.h"

#include <gtest/gtest.h>

namespace efa {
namespace {

ServiceFile service(const std::string& state) {
  ServiceFile file;
  file.state = state;
  file.since = "2026-11-23T22:00:00Z";
  file.pid = 4711;
  return file;
}

TEST(ServiceWord, ARunningOneNeedsNoWord) {
  const ServiceWord word = judge_service(service("running"), false, std::nullopt);
  EXPECT_TRUE(word.in_force);
  EXPECT_EQ(word.words, "");
}

TEST(ServiceWord, OneThatIsGoneOrStartsAgainLeavesNothingInForce) {
  EXPECT_FALSE(judge_service(service("running"), true, std::nullopt).in_force);
  EXPECT_FALSE(judge_service(service("starting"), false, std::nullopt).in_force);
  EXPECT_FALSE(judge_service(service("starting"), true, std::nullopt).in_force);
}

TEST(ServiceWord, OneThatAnOperatorStoppedLeavesItsVerdict) {
  for (const auto& unit :
       {std::optional<UnitState>(), std::optional(UnitState{"inactive", "success", "0"}),
        std::optional(UnitState{"inactive", "success", "2"})}) {
    const ServiceWord word = judge_service(service("stopped"), true, unit);
    EXPECT_TRUE(word.in_force);
    EXPECT_EQ(word.words, "stopped at 2026-11-23T22:00:00Z: this verdict is no longer updated");
  }
}

// After a restart that went wrong the old daemon's last word is that it stopped.
TEST(ServiceWord, OneThatDoesNotStartAgainDoesNot) {
  const ServiceFile stopped = service("stopped");
  const ServiceWord word = judge_service(stopped, true, UnitState{"activating", "core-dump", "7"});
  EXPECT_FALSE(word.in_force);
  EXPECT_EQ(word.words,
            "the service does not start (activating, result core-dump, started again 7 times)");
  EXPECT_FALSE(judge_service(stopped, true, UnitState{"failed", "exit-code", "0"}).in_force);
  EXPECT_TRUE(judge_service(stopped, true, UnitState{"activating", "success", "0"}).in_force);
  EXPECT_TRUE(judge_service(stopped, true, UnitState{"active", "success", "3"}).in_force);
}

TEST(ServiceWord, ReadsWhatSystemctlShows) {
  const UnitState unit = parse_unit_state("Result=exit-code\nNRestarts=3\nActiveState=failed\n");
  EXPECT_EQ(unit.active, "failed");
  EXPECT_EQ(unit.result, "exit-code");
  EXPECT_EQ(unit.restarted, "3");
  EXPECT_EQ(parse_unit_state("").active, "");
}

}  // namespace
}  // namespace efa
