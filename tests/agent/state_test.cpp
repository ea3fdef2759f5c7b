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
  refresh(state, "c");
  EXPECT_TRUE(state.devices.empty());
  EXPECT_TRUE(state.left.empty());
  EXPECT_EQ(state.sequence, 41);
}

}  // namespace
}  // namespace efa
