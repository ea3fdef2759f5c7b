// When the time that a process spent proves that a device holds it, and when that it got no CPU.

#include "probes/base/time_spent.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/held_process.h"

namespace efa {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLong{2000};

TimeSpent held() {
  TimeSpent spent;
  spent.waited_ms = 5000;
  spent.queued_ms = 3;
  spent.state = "D";
  spent.waits_in = "efa_com_cmd_exec";
  spent.slept_ms = 4700;
  spent.outlived_kill = true;
  return spent;
}

TEST(TimeSpent, OnlyOneLongSleepInTheDriverThatOutlivesSigkillIsProof) {
  struct Row {
    const char* what;
    bool held;
    void (*change)(TimeSpent&);
  };
  const Row rows[] = {
      {"the driver holds it", true, [](TimeSpent&) {}},
      {"the kernel does not show in what it sleeps", true,
       [](TimeSpent& spent) { spent.waits_in = ""; }},
      {"it was killed at once", false, [](TimeSpent& spent) { spent.outlived_kill = false; }},
      {"it had only begun to sleep", false, [](TimeSpent& spent) { spent.slept_ms = 1999; }},
      {"it is ready to run", false, [](TimeSpent& spent) { spent.state = "R"; }},
      {"it sleeps as all do", false, [](TimeSpent& spent) { spent.state = "S"; }},
      {"it is stopped", false, [](TimeSpent& spent) { spent.state = "T"; }},
      {"it was not seen", false, [](TimeSpent& spent) { spent.state = ""; }},
      {"a page comes from a disk", false,
       [](TimeSpent& spent) { spent.waits_in = "folio_wait_bit_common"; }},
      {"another reader holds the lock", false,
       [](TimeSpent& spent) { spent.waits_in = "hw_stat_port_show"; }},
  };
  for (const Row& row : rows) {
    TimeSpent spent = held();
    row.change(spent);
    EXPECT_EQ(is_held(spent, kLong), row.held) << row.what;
  }
}

TEST(TimeSpent, ShortOfCpuIsWhoWasInLineForOne) {
  struct Row {
    const char* what;
    bool is_short;
    TimeSpent spent;
  };
  const Row rows[] = {
      {"a free CPU", false, {9000, 300, 40, "S"}},
      {"a third of the time in line", true, {9000, 300, 3000, "S"}},
      {"most of it, and the kernel holds it in the end", true, {9000, 300, 8000, "D"}},
      {"in line in the end", true, {9000, 300, 400, "R"}},
      {"in line in the end of a crowd", true, {9000, 300, 40, "R", "", 0, false, 90}},
      {"at work in the moment", false, {9000, 300, 40, "R"}},
      {"spins on a CPU of its own", false, {9000, 8900, 400, "R"}},
      {"asleep while others crowd", false, {9000, 300, 40, "S", "", 0, false, 90}},
      {"not counted, on a free CPU", false, {9000, 300, std::nullopt, "S", "", 0, false, 3}},
      {"not counted, in a crowd", true, {9000, 300, std::nullopt, "S", "", 0, false, 90}},
      {"not counted, held in a crowd", false, {9000, 300, std::nullopt, "D", "", 0, false, 90}},
      {"nothing known", false, {9000}},
  };
  for (const Row& row : rows) EXPECT_EQ(is_short_of_cpu(row.spent), row.is_short) << row.what;
}

Sight asleep(uint64_t turns, const char* waits_in = "efa_com_cmd_exec") {
  return {'D', 7, 10, 3, turns, waits_in};
}

TEST(SleepWatch, CountsOneSleepOnly) {
  const SleepWatch::Clock::time_point start;
  const auto at = [&](int ms) { return start + milliseconds(ms); };
  SleepWatch watch;
  EXPECT_EQ(watch.slept(at(0)), milliseconds(0));
  watch.look(asleep(4), at(0));
  watch.look(asleep(4), at(250));
  EXPECT_EQ(watch.slept(at(500)), milliseconds(500));
  watch.look(asleep(5), at(500));  // it ran in between: the device answers
  EXPECT_EQ(watch.slept(at(600)), milliseconds(100));
  watch.look(asleep(5, "folio_wait_bit_common"), at(700));
  EXPECT_EQ(watch.slept(at(800)), milliseconds(100));
  watch.look({'R', 7, 20, 3, 6, ""}, at(900));
  EXPECT_EQ(watch.slept(at(1000)), milliseconds(0));
}

TEST(Process, SeesAProcessThatSleepsBeyondSignals) {
  const HeldProcess held;
  const auto sight = look_at(held.pid);
  ASSERT_TRUE(sight);
  EXPECT_EQ(sight->state, 'D');
  EXPECT_FALSE(sight->waits_in.starts_with("efa_"));
  ProcessIdentity left{held.pid, sight->start_time, "0000:06:00.0", sight->turns};
  EXPECT_TRUE(sleeps_on(left));
  left.turns.reset();  // as an earlier version left it
  EXPECT_TRUE(sleeps_on(left));
  left.turns = sight->turns + 1;
  EXPECT_FALSE(sleeps_on(left)) << "it has gone on since";
  left = {held.pid, sight->start_time + 1, ""};
  EXPECT_FALSE(sleeps_on(left)) << "its number went to another process";
  left = {getpid(), look_at(getpid())->start_time, ""};
  EXPECT_FALSE(sleeps_on(left)) << "only in line for the CPU that it needs to die";
}

TEST(Process, SeesWhatItStartedToo) {
  const HeldProcess held;  // with a child that sleeps
  const auto tree = look_at_tree(getpid());
  ASSERT_TRUE(tree);
  EXPECT_EQ(tree->state, 'R') << "this thread looks";
  EXPECT_GE(tree->cpu_ms, look_at(held.pid)->cpu_ms);
  EXPECT_FALSE(look_at_tree(0));
}

}  // namespace
}  // namespace efa
