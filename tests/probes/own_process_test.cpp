// What is told of children that give no answer in time: only the kernel's word makes one hung.

#include "probes/protocol/own_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <set>

#include "probes/base/text.h"
#include "tests/support/held_process.h"

namespace efa {
namespace {

using std::chrono::milliseconds;

struct Told {
  std::map<std::string, Asked> asked;
  std::multimap<std::string, int64_t> by;  // the processes in which a subject was asked to the end
  size_t left = 0;                         // processes
};

struct By {
  std::string subject;
  int64_t process = 0;
};

template <class Io>
void describe(Io& io, By& by) {
  io("subject", by.subject);
  io("process", by.process);
}

Told take(const std::string& lines) {
  Told told;
  for (const std::string& line : split(lines, '\n')) {
    const Result<Value> value = parse_json(line, "child");
    if (!value) continue;
    if (value->find("left") != nullptr) ++told.left;
    if (value->text("add") == "by") {
      const By by = *from_value<By>(*value->find("value"), "by");
      told.by.emplace(by.subject, by.process);
    }
    if (value->text("add") != "asked") continue;
    const Asked asked = *from_value<Asked>(*value->find("value"), "asked");
    EXPECT_FALSE(told.asked.contains(asked.subject)) << asked.subject;
    told.asked[asked.subject] = asked;
  }
  return told;
}

// Each subject goes its way; a device that is proven to hang has 0.2 s, the probe so long.
Told ask(const std::map<std::string, std::function<void()>>& ways, milliseconds deadline,
         void (*way_to_ask)(const Look&, const std::vector<std::string>&, const Ask&) = ask_each,
         const std::set<std::string>& skip = {}) {
  std::vector<std::string> subjects;
  for (const auto& [subject, way] : ways) subjects.push_back(subject);
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const Result<Sysroot> root = Sysroot::open("/");
  const Emitter out(ends[1]);
  const auto now = std::chrono::steady_clock::now();
  const Look look{*root, out, now + deadline, now + milliseconds(200), skip, {}};
  way_to_ask(look, subjects, [&](const std::string& subject, const Emitter& child) {
    child.doing("do it");
    child.add("by", By{subject, getpid()});
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

using Ways = std::map<std::string, std::function<void()>>;

void answer() {}

void sleep_on() {
  while (true) pause();
}

class EachWayToAsk : public testing::TestWithParam<void (*)(
                         const Look&, const std::vector<std::string>&, const Ask&)> {};

TEST_P(EachWayToAsk, TimeThatRanOutIsNoProof) {
  const Ways ways = {
      {"answers", answer},
      {"sleeps", sleep_on},
      {"is stopped", [] { raise(SIGSTOP); }},
      {"spins", spin},
      {"sleeps beyond signals, but dies at once", sleep_in_state_d},
  };
  const Told told = ask(ways, milliseconds(2000), GetParam());
  EXPECT_EQ(told.left, 0U);
  for (const auto& [subject, asked] : told.asked) {
    SCOPED_TRACE(subject);
    EXPECT_EQ(asked.status, subject == "answers" ? AskedStatus::kOk : AskedStatus::kSlow);
    EXPECT_EQ(asked.spent.has_value(), subject != "answers");
    EXPECT_EQ(asked.step, subject == "answers" ? "" : "do it");
    EXPECT_EQ(told.by.count(subject), 1U);
  }
  ASSERT_EQ(told.asked.size(), ways.size());
  EXPECT_EQ(told.asked.at("sleeps").spent->state, "S");
  EXPECT_EQ(told.asked.at("is stopped").spent->state, "T");
  EXPECT_GT(told.asked.at("spins").spent->cpu_ms, 0);
  EXPECT_EQ(told.asked.at("sleeps beyond signals, but dies at once").spent->state, "D");
}

TEST_P(EachWayToAsk, OneThatIsSlowerThanTheDevicesDeadlineIsStillHeard) {
  const Told told = ask({{"late", [] { usleep(400'000); }}}, milliseconds(60'000), GetParam());
  EXPECT_EQ(told.asked.at("late").status, AskedStatus::kOk);
}

TEST_P(EachWayToAsk, WhoCrashesCostsItselfAlone) {
  const Told told = ask({{"a", answer}, {"b", [] { raise(SIGSEGV); }}, {"c", answer}},
                        milliseconds(60'000), GetParam());
  EXPECT_EQ(told.asked.at("a").status, AskedStatus::kOk);
  EXPECT_EQ(told.asked.at("b").status, AskedStatus::kCrashed);
  EXPECT_EQ(told.asked.at("c").status, AskedStatus::kOk);
  for (const auto& [subject, asked] : told.asked) EXPECT_EQ(told.by.count(subject), 1U) << subject;
}

TEST_P(EachWayToAsk, OneThatIsHeldFromAnEarlierPassIsNotAskedAgain) {
  const Told told = ask({{"a", answer}, {"b", answer}}, milliseconds(60'000), GetParam(), {"a"});
  EXPECT_EQ(told.asked.at("a").status, AskedStatus::kSkipped);
  EXPECT_EQ(told.by.count("a"), 0U);
  EXPECT_EQ(told.asked.at("b").status, AskedStatus::kOk);
}

INSTANTIATE_TEST_SUITE_P(OwnProcess, EachWayToAsk,
                         testing::Values(ask_each, ask_each_in_own_process));

int64_t process_of(const Told& told, const std::string& subject) {
  const auto by = told.by.find(subject);
  return by == told.by.end() ? 0 : by->second;
}

TEST(OwnProcess, ThoseThatAnswerShareOne) {
  const Told told = ask({{"a", answer}, {"b", answer}, {"c", answer}}, milliseconds(60'000));
  EXPECT_EQ(told.asked.size(), 3U);
  EXPECT_NE(process_of(told, "a"), 0);
  EXPECT_EQ(process_of(told, "a"), process_of(told, "b"));
  EXPECT_EQ(process_of(told, "a"), process_of(told, "c"));
}

TEST(OwnProcess, ThoseBehindOneThatDoesNotAnswerGetTheirOwn) {
  const Told told =
      ask({{"a", answer}, {"b", sleep_on}, {"c", answer}, {"d", answer}}, milliseconds(4'000));
  EXPECT_EQ(told.asked.at("b").status, AskedStatus::kSlow);
  EXPECT_EQ(process_of(told, "a"), process_of(told, "b"));
  for (const char* subject : {"c", "d"}) {
    EXPECT_EQ(told.asked.at(subject).status, AskedStatus::kOk);
    EXPECT_NE(process_of(told, subject), process_of(told, "a"));
  }
  EXPECT_NE(process_of(told, "c"), process_of(told, "d"));
}

// It would ask those behind it, which others ask.
TEST(OwnProcess, OneThatAnswersLateIsNotHeardOfOthers) {
  const Told told = ask({{"a", [] { usleep(500'000); }}, {"b", answer}}, milliseconds(60'000));
  EXPECT_EQ(told.asked.at("a").status, AskedStatus::kOk);
  EXPECT_EQ(told.asked.at("b").status, AskedStatus::kOk);
  EXPECT_EQ(told.by.count("b"), 1U);
}

}  // namespace
}  // namespace efa
