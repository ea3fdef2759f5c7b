// What is asked of the two ends of one pair of devices, and what is kept of it.

#include <gtest/gtest.h>

#include "agent/pair/rail.h"
#include "tests/support/pair_parts.h"

namespace efa {
namespace {

TEST(PairRails, MeetTheirLike) {
  const auto numbers = [](const std::vector<PairDevice>& own,
                          const std::vector<PairDevice>& other) {
    std::vector<std::pair<int, int>> pairs;
    for (const auto& [one, two] : rails_of(own, other)) pairs.emplace_back(one.rail, two.rail);
    return pairs;
  };
  using Pairs = std::vector<std::pair<int, int>>;
  EXPECT_EQ(numbers({device_at(0), device_at(1)}, {device_at(0), device_at(1), device_at(2)}),
            (Pairs{{0, 0}, {1, 1}}));
  EXPECT_EQ(numbers({device_at(1)}, {device_at(0), device_at(1)}), (Pairs{{1, 1}}));
  EXPECT_EQ(numbers({device_at(1)}, {device_at(0)}), (Pairs{{1, 0}})) << "both were chosen";
  EXPECT_TRUE(numbers({}, {device_at(0)}).empty());
}

// An end that answers as it is told, and notes what it was asked.
class ScriptedEnd final : public PairEnd {
 public:
  std::map<std::string, PairAnswer> answers;
  std::vector<std::string> asked;

  PairAnswer ask(const PairOrder& order) override {
    asked.push_back(order.step);
    const auto found = answers.find(order.step);
    PairAnswer answer = found == answers.end() ? PairAnswer() : found->second;
    answer.step = order.step;
    return answer;
  }

  explicit ScriptedEnd(const char* received) {
    PairAnswer& setup = answers["setup"];
    setup.mtu = 8760;
    setup.address = PairAddress{std::string(32, '0'), 1, 1, 0, 0};
    setup.max_rdma = 1 << 30;
    setup.reads = setup.writes = true;
    setup.counters = {{"rx_pkts", 5}};
    answers["counters"].counters = {{"rx_pkts", 9}};
    for (const char* step : {"send", "received"}) {
      answers[step].transfer =
          DataTransfer{.kind = "send", .bytes = 64, .status = 0, .received = true};
    }
    for (const char* step : {"send", "received", "digest", "write"})
      answers[step].digest = received;
    answers["ping"].messages = 7;
    answers["ping"].latency = PairLatency{7, 1, 2, 3};
    answers["write"].messages = 10;
    answers["write"].took_ns = 1'000'000;
  }
};

TEST(PairRails, AreTestedFromTheFirstMessageToTheFigures) {
  ScriptedEnd own("1");
  ScriptedEnd other("1");
  const PairRail rail = test_rail(own, other, {device_at(0), device_at(0)}, {{64, 1 << 20}, 1});
  EXPECT_FALSE(rail.broken);
  EXPECT_FALSE(rail.differs);
  EXPECT_EQ(rail.passed, 2U + 7 + 10 + 10);
  ASSERT_EQ(rail.figures.size(), 2U);
  EXPECT_TRUE(rail.figures[0].latency);
  EXPECT_EQ(rail.figures[0].way, "write");
  EXPECT_FALSE(rail.figures[1].latency) << "no message is as long";
  EXPECT_TRUE(rail.figures[1].rate);
  EXPECT_EQ(rail.other_grew.at("rx_pkts"), 4U);
  EXPECT_EQ(other.asked.front(), "setup");
  EXPECT_EQ(other.asked.back(), "release");
  EXPECT_EQ(own.asked.back(), "release");
}

TEST(PairRails, WhatGoesWrongFirstEndsTheTestAndIsCounted) {
  ScriptedEnd own("1");
  ScriptedEnd other("1");
  own.answers["send"] = sent(15);
  const PairRail rail = test_rail(own, other, {device_at(0), device_at(0)}, {{64}, 1});
  ASSERT_TRUE(rail.broken);
  EXPECT_EQ(rail.broken->side, PairSide::kOwn);
  EXPECT_EQ(rail.passed, 0U);
  EXPECT_EQ(rail.other_grew.at("rx_pkts"), 4U);
  EXPECT_TRUE(rail.figures.empty());
  EXPECT_EQ(other.asked.back(), "release");
}

TEST(PairRails, WhoHasAnErrorSaysMoreThanWhoWaits) {
  ScriptedEnd own("1");
  ScriptedEnd other("1");
  own.answers["ping"] = sent(std::nullopt);
  other.answers["ended"] = sent(13);
  const PairRail rail = test_rail(own, other, {device_at(0), device_at(0)}, {{64}, 1});
  EXPECT_EQ(rail.broken->side, PairSide::kOther);
  EXPECT_EQ(rail.broken->answer.transfer->vendor_error, 13);
}

TEST(PairRails, AJobThatOpensTheDeviceEndsTheTestAndTakesTheBlame) {
  ScriptedEnd own("1");
  ScriptedEnd other("1");
  other.answers["look"].holders = {7};
  const auto broken_at = [&] {
    const PairRail rail = test_rail(own, other, {device_at(0), device_at(0)}, {{64, 4096}, 1});
    EXPECT_EQ(rail.broken->side, PairSide::kOther);
    return rail.broken->answer.step + std::to_string(rail.figures.size());
  };
  EXPECT_EQ(broken_at(), "look1");
  own.answers["send"] = sent(13);
  EXPECT_EQ(broken_at(), "look0");
}

TEST(PairRails, BytesAreCompared) {
  ScriptedEnd own("1");
  ScriptedEnd other("2");
  EXPECT_TRUE(test_rail(own, other, {device_at(0), device_at(0)}, {{64}, 1}).differs);
  ScriptedEnd later("1");
  later.answers["digest"].digest = "3";
  EXPECT_TRUE(test_rail(own, later, {device_at(0), device_at(0)}, {{64}, 1}).differs);
}

TEST(PairRails, WithoutRdmaWhatIsLongerThanAMessageIsNotTaken) {
  ScriptedEnd own("1");
  ScriptedEnd other("1");
  other.answers["setup"].reads = other.answers["setup"].writes = false;
  const PairRail rail = test_rail(own, other, {device_at(0), device_at(0)}, {{1 << 20}, 1});
  EXPECT_FALSE(rail.broken);
  EXPECT_FALSE(rail.figures[0].rate);
  EXPECT_NE(rail.figures[0].why_not, "");
}

}  // namespace
}  // namespace efa
