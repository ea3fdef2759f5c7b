// The state between passes.

#include "agent/pass/state.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "probes/base/files.h"
#include "tests/support/held_process.h"

namespace efa {
namespace {

class StateTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "state-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    path_ = pattern + "/state.json";
  }
  void TearDown() override {
    std::filesystem::remove_all(std::filesystem::path(path_).parent_path());
  }
  std::string path_;
};

// Nobody else's file, and this machine's own boot.
TEST_F(StateTest, APassKnowsWhatTheOneBeforeLeft) {
  State state = begin_pass(path_, true);
  EXPECT_EQ(state.sequence, 1);
  state.devices = {{0, 6, 0, 0}};
  const HeldProcess held;
  state.left = {{"verbs", {held.pid, look_at(held.pid)->start_time, "0000:06:00.0"}}};
  ASSERT_TRUE(end_pass(path_, state).ok());
  const State next = begin_pass(path_, true);
  EXPECT_EQ(next.sequence, 2);
  EXPECT_EQ(next.devices, state.devices);
  ASSERT_EQ(next.left.size(), 1U);
  EXPECT_EQ(next.left[0].process.subject, "0000:06:00.0");
}

TEST_F(StateTest, APassThatKeepsNothingWritesNothing) {
  begin_pass(path_, false);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(StateTest, AMissingOrDamagedFileIsAnEmptyState) {
  for (const char* text : {"", "{", "[]", R"({"sequence":"x"})", R"({"devices":["rubbish"]})"}) {
    ASSERT_TRUE(write_file(path_, text, 0640).ok());
    const State state = begin_pass(path_, false);
    EXPECT_EQ(state.sequence, 1) << text;
    EXPECT_TRUE(state.devices.empty()) << text;
  }
}

// Numbers and ids, as control groups name jobs: what else stands in the file is nobody's.
TEST(State, JobsOfTheFileAreThoseThatCanBe) {
  Value file;
  file.set("jobs", Array{"job_7", "pod1f_2", "a name", 7, ""});
  EXPECT_EQ(salvaged(file).jobs, (std::vector<std::string>{"job_7", "pod1f_2"}));
  file.set("jobs", Array(kMaxJobs + 1, Value("job_7")));
  EXPECT_EQ(salvaged(file).jobs.size(), kMaxJobs);
}

TEST(State, AnotherBootForgetsDevicesAndProcesses) {
  State state;
  state.boot_id = "b";
  state.sequence = 41;
  state.devices = {{0, 6, 0, 0}};
  const HeldProcess held;
  state.left = {{"verbs", {held.pid, look_at(held.pid)->start_time, "x"}},
                {"verbs", {held.pid, 1, "x"}},  // its number went to another process
                {"verbs", {getpid(), look_at(getpid())->start_time, "x"}}};  // nothing holds it
  refresh(state, "b");
  EXPECT_EQ(state.devices.size(), 1U);
  EXPECT_EQ(state.left.size(), 1U);
  state.jobs = {"job_7"};
  refresh(state, "c");
  EXPECT_TRUE(state.jobs.empty());
  EXPECT_TRUE(state.devices.empty());
  EXPECT_TRUE(state.left.empty());
  EXPECT_EQ(state.sequence, 41);
}

TEST(State, OtherCriteriaForgetFindingsAndNothingElse) {
  const Criteria criteria{"auto", {"0000:00:06.0"}, {{"pci.narrow-link", "off"}}, {}};
  State before;
  before.devices = {{0, 6, 0, 0}};
  before.baselines.emplace_back();
  before.history.episodes.push_back({"pci.none-found", "node", 5});
  before.history.verdict = "unhealthy";
  before.confirming = true;
  before.judged_by = criteria;
  std::vector<Criteria> others(4, criteria);
  others[0].expect = "max";
  others[1].set_aside.clear();
  others[2].checks["pci.narrow-link"] = "info";
  others[3].limits.rx_drops_per_s = 7;
  for (const Criteria& other : others) {
    State state = before;
    forget_unless_judged_by(state, other);
    EXPECT_TRUE(state.history.episodes.empty());
    EXPECT_EQ(state.history.verdict, "");
    EXPECT_FALSE(state.confirming);
    EXPECT_EQ(state.devices, before.devices);
    EXPECT_EQ(state.baselines.size(), 1U);
  }
  State same = before;
  forget_unless_judged_by(same, criteria);
  EXPECT_EQ(same.history.episodes.size(), 1U);
  EXPECT_TRUE(same.confirming);
}

TEST(State, OneOfAVersionThatDidNotSayItsCriteriaIsKept) {
  Value file;
  file.set("history", *parse_json(R"({"episodes": [{"code": "a.b", "subject": "node"}]})", ""));
  file.set("judged_by", "x");  // as good as none
  State state = salvaged(file);
  EXPECT_FALSE(state.judged_by);
  forget_unless_judged_by(state, {"max", {}, {}, {}});
  EXPECT_EQ(state.history.episodes.size(), 1U);
}

}  // namespace
}  // namespace efa
