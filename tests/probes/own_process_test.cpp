// What is told of children that give no answer in time: only the kernel's word makes one hung.

#include "probes/protocol/own_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <map>

#include "probes/base/text.h"
#include "tests/support/held_process.h"

namespace efa {
namespace {

using std::chrono::milliseconds;

struct Told {
  std::map<std::string, Asked> asked;
  size_t left = 0;  // processes
};

Told take(const std::string& lines) {
  Told told;
  for (const std::string& line : split(lines, '\n')) {
    const Result<Value> value = parse_json(line, "child");
    if (!value) continue;
    if (value->find("left") != nullptr) ++told.left;
    if (value->text("add") != "asked") continue;
    const Asked asked = *from_value<Asked>(*value->find("value"), "asked");
    told.asked[asked.subject] = asked;
  }
  return told;
}

// Each subject goes its way; a device that is proven to hang has 0.2 s, the probe so long.
Told ask(const std::vector<std::string>& subjects,
         const std::map<std::string, std::function<void()>>& ways, milliseconds deadline) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const Result<Sysroot> root = Sysroot::open("/");
  const Emitter out(ends[1]);
  const auto now = std::chrono::steady_clock::now();
  const Look look{*root, out, now + deadline, now + milliseconds(200), {}, {}};
  ask_each_in_own_process(look, subjects, [&](const std::string& subject, const Emitter& child) {
    child.doing("do it");
    ways.at(subject)();
  });
  close(ends[1]);
  std::string lines;
  char buffer[4096];
  for (ssize_t count = 0; (count = read(ends[0], buffer, sizeof buffer)) > 0;) {
    lines.append(buffer, static_cast<size_t>(count));
  }
  close(ends[0]);
  return take(lines);
}

void spin() {
  volatile bool on = true;
  while (on) {
  }
}

TEST(OwnProcess, TimeThatRanOutIsNoProof) {
  const std::map<std::string, std::function<void()>> ways = {
      {"answers", [] {}},
      {"sleeps",
       [] {
         while (true) pause();
       }},
      {"is stopped", [] { raise(SIGSTOP); }},
      {"spins", spin},
      {"sleeps beyond signals, but dies at once", sleep_in_state_d},
  };
  std::vector<std::string> subjects;
  for (const auto& [subject, way] : ways) subjects.push_back(subject);
  const Told told = ask(subjects, ways, milliseconds(2000));
  EXPECT_EQ(told.left, 0U);
  for (const auto& [subject, asked] : told.asked) {
    SCOPED_TRACE(subject);
    EXPECT_EQ(asked.status, subject == "answers" ? "ok" : "slow");
    EXPECT_EQ(asked.spent.has_value(), subject != "answers");
    EXPECT_EQ(asked.step, subject == "answers" ? "" : "do it");
  }
  ASSERT_EQ(told.asked.size(), subjects.size());
  EXPECT_EQ(told.asked.at("sleeps").spent->state, "S");
  EXPECT_EQ(told.asked.at("is stopped").spent->state, "T");
  EXPECT_GT(told.asked.at("spins").spent->cpu_ms, 0);
  EXPECT_EQ(told.asked.at("sleeps beyond signals, but dies at once").spent->state, "D");
}

TEST(OwnProcess, OneThatIsSlowerThanTheDevicesDeadlineIsStillHeard) {
  const Told told = ask({"late"}, {{"late", [] { usleep(400'000); }}}, milliseconds(60'000));
  EXPECT_EQ(told.asked.at("late").status, "ok");
}

}  // namespace
}  // namespace efa
