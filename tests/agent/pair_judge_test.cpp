// What a test of two nodes means: figures, places, causes.

#include <gtest/gtest.h>

#include <cerrno>

#include "agent/pair/connect.h"
#include "agent/pair/figures.h"
#include "agent/pair/judge.h"
#include "probes/pair/checks.h"
#include "tests/support/pair_parts.h"

namespace efa {
namespace {

TEST(PairFigures, LatencyIsHalfOfRoundTrips) {
  EXPECT_FALSE(latency_of({}));
  std::vector<int64_t> times;
  for (int64_t i = 200; i >= 1; --i) times.push_back(2 * i);
  const PairLatency latency = *latency_of(times);
  EXPECT_EQ(latency.rounds, 200U);
  EXPECT_EQ(latency.least_ns, 1);
  EXPECT_EQ(latency.median_ns, 100);
  EXPECT_EQ(latency.p99_ns, 198);
  EXPECT_EQ(latency_of({10})->p99_ns, 5);
}

TEST(PairFigures, RatesAndWords) {
  EXPECT_FALSE(rate_of(0, 8, 1));
  EXPECT_FALSE(rate_of(1, 8, 0));
  EXPECT_DOUBLE_EQ(*rate_of(1000, 125, 1'000'000), 1e9);
  EXPECT_EQ(rate_words(96.1e9), "96.1 Gbit/s");
  EXPECT_EQ(rate_words(5e6), "5.0 Mbit/s");
  EXPECT_EQ(time_words(12'340), "12.3 us");
  EXPECT_EQ(time_words(1'200'000), "1.20 ms");
  EXPECT_EQ(size_words(64), "64 B");
  EXPECT_EQ(size_words(8192), "8 KiB");
  EXPECT_EQ(size_words(1 << 20), "1 MiB");
  EXPECT_EQ(bar_of(5, 10, 20), "##########");
  EXPECT_EQ(bar_of(0.001, 10, 20), "#");
  EXPECT_EQ(bar_of(0, 10, 20), "");
  EXPECT_EQ(bar_of(20, 10, 4), "####");
}

TEST(PairFigures, SlowIsOnlyByTheOthers) {
  EXPECT_EQ(slow_ones({{1}}), (std::vector<bool>{false}));
  EXPECT_EQ(slow_ones({{1}, std::nullopt}), (std::vector<bool>{false, false}));
  EXPECT_EQ(slow_ones({{69}, {100}, {100}}), (std::vector<bool>{true, false, false}));
  EXPECT_EQ(slow_ones({{70}, {100}, {100}}), (std::vector<bool>{false, false, false}));
  EXPECT_EQ(slow_ones({{1}, std::nullopt, {100}}), (std::vector<bool>{true, false, false}));
}

FindingResult result_of(const std::vector<Finding>& findings, const Check& check) {
  for (const Finding& finding : findings) {
    if (finding.check->code == check.code) return finding.result;
  }
  return FindingResult::kNotApplicable;
}

TEST(PairPlaces, AreComparedWhereBothAreTold) {
  const PairHello here = node_in("use1-az1", "vpc-1", "sg-1");
  const auto same = judge_places(here, here);
  EXPECT_FALSE(stops(same));
  for (const Finding& finding : same) EXPECT_EQ(finding.result, FindingResult::kPass);
  const auto zone = judge_places(here, node_in("use1-az2", "vpc-1", "sg-1"));
  EXPECT_EQ(result_of(zone, kPairZoneDiffers), FindingResult::kFail);
  EXPECT_TRUE(stops(zone));
  const auto vpc = judge_places(here, node_in("use1-az1", "vpc-2", "sg-1"));
  EXPECT_EQ(result_of(vpc, kPairVpcDiffers), FindingResult::kFail);
  const auto nowhere = judge_places(here, PairHello());
  EXPECT_FALSE(stops(nowhere));
  for (const Finding& finding : nowhere) EXPECT_EQ(finding.result, FindingResult::kUnknown);
}

TEST(PairPlaces, OnlySomeTypesTalkToNoOther) {
  struct Row {
    const char* one;
    const char* other;
    FindingResult wanted;
  };
  const Row rows[] = {
      {"p4d.24xlarge", "p4d.24xlarge", FindingResult::kPass},
      {"p4d.24xlarge", "p4de.24xlarge", FindingResult::kPass},  // not said to fail
      {"p4d.24xlarge", "p5.48xlarge", FindingResult::kFail},
      {"c5n.18xlarge", "p4de.24xlarge", FindingResult::kFail},
      {"c5n.18xlarge", "p5.48xlarge", FindingResult::kPass},
  };
  for (const Row& row : rows) {
    const auto places =
        judge_places(node_in("z", "v", "g", row.one), node_in("z", "v", "g", row.other));
    EXPECT_EQ(result_of(places, kPairTypesIncompatible), row.wanted) << row.one << row.other;
  }
}

PairAnswer failed(const char* call, int os_error, std::optional<int64_t> lockable = {}) {
  PairAnswer answer;
  answer.failed = {call, "words", os_error};
  answer.lockable = lockable;
  return answer;
}

struct CauseRow {
  const char* what;
  PairRail rail;
  const Check* wanted;
  const char* words;  // in the message
};

std::vector<CauseRow> cause_rows() {
  const auto send = [](std::optional<int> vendor) {
    return rail_broken(PairStep::kSend, sent(vendor));
  };
  return {
      {"13", send(13), &kPairUnreachable, "vendor_err 13 (LOCAL_ERROR_UNRESP_REMOTE)"},
      {"15", send(15), &kPairUnreachable, "vendor_err 15"},
      {"silence", send(std::nullopt), &kPairUnreachable, "no completion in time"},
      {"9", send(9), &kPairWrongQueue, "vendor_err 9"},
      {"10", send(10), &kPairNotReady, "vendor_err 10"},
      {"18", send(18), &kPairVersionMismatch, "driver unknown"},
      {"2", send(2), &kPairFails, "vendor_err 2"},
      {"a status of no vendor", send(0), &kPairFails, "status 21"},
      {"lost", rail_broken(PairStep::kReceived, sent(std::nullopt), PairSide::kOther),
       &kPairCorrupt, "received nothing"},
      {"reach", rail_broken(PairStep::kReach, failed("ibv_create_ah", EINVAL)),
       &kPairAddressRefused, "ibv_create_ah"},
      {"memory", rail_broken(PairStep::kSetup, failed("ibv_reg_mr", ENOMEM, 4096)), &kPairMemlock,
       "16384 bytes, and 4096 may be locked"},
      {"memory without a limit", rail_broken(PairStep::kSetup, failed("ibv_reg_mr", ENOMEM)),
       &kPairCannotCreate, "ibv_reg_mr"},
      {"create", rail_broken(PairStep::kSetup, failed("ibv_alloc_pd", EIO, 4096)),
       &kPairCannotCreate, "ibv_alloc_pd"},
      {"hang",
       rail_broken(PairStep::kSetup,
                   answer_with([](PairAnswer& answer) { answer.hung = "ibv_open_device"; }),
                   PairSide::kOther),
       &kPairHang, "on the other node: ibv_open_device"},
      {"ended", rail_broken(PairStep::kSend, answer_with([](PairAnswer& answer) {
                              answer.ended = "signal 9";
                            })),
       &kPairPeerGone, "signal 9"},
      {"gone",
       rail_broken(PairStep::kSend, answer_with([](PairAnswer& answer) { answer.gone = "closed"; }),
                   PairSide::kOther),
       &kPairPeerGone, "closed"},
      {"used", rail_broken(PairStep::kSetup, answer_with([](PairAnswer& answer) {
                             answer.holders = {7, 8};
                           })),
       &kPairInUse, "in use by PID 7, 8"},
      {"used later",
       rail_broken(PairStep::kLook, answer_with([](PairAnswer& answer) { answer.holders = {7}; })),
       &kPairInUse, "was opened during the test by PID 7"},
      {"another test", rail_broken(PairStep::kSetup, answer_with([](PairAnswer& answer) {
                                     answer.other_test = true;
                                   })),
       &kPairInUse, "another data test"},
  };
}

TEST(PairCauses, WhereUsersCouldNotBeSeenNothingIsTestedAndNothingBlamed) {
  const PairAnswer unseen = answer_with([](PairAnswer& answer) { answer.users_unseen = true; });
  EXPECT_FALSE(went_well(unseen));
  const PairHello unknown;
  const Finding finding = judge_rail(rail_broken(PairStep::kSetup, unseen), {unknown, unknown});
  EXPECT_EQ(finding.result, FindingResult::kUnknown);
  EXPECT_EQ(finding.check->code, kPairInUse.code);
}

TEST(PairCauses, EachIsOfWhatBrokeTheTest) {
  const PairHello unknown;
  for (const CauseRow& row : cause_rows()) {
    SCOPED_TRACE(row.what);
    const Finding finding = judge_rail(row.rail, {unknown, unknown});
    EXPECT_EQ(finding.result, FindingResult::kFail);
    EXPECT_EQ(finding.check->code, row.wanted->code);
    EXPECT_NE(finding.message.find(row.words), std::string::npos) << finding.message;
    EXPECT_EQ(finding.subject, "0000:10:1b.0 to 0000:10:1b.0");
  }
}

TEST(PairCauses, APairThatWorksPasses) {
  PairRail rail;
  rail.passed = 12;
  const PairHello unknown;
  const Finding finding = judge_rail(rail, {unknown, unknown});
  EXPECT_EQ(finding.result, FindingResult::kPass);
  EXPECT_EQ(finding.check->code, kPairUnreachable.code);
}

TEST(PairCauses, OtherBytesAreWorseThanAnyStatus) {
  PairRail rail = rail_broken(PairStep::kSend, sent(13));
  rail.differs = true;
  const PairHello unknown;
  EXPECT_EQ(judge_rail(rail, {unknown, unknown}).check->code, kPairCorrupt.code);
}

TEST(PairCauses, WhatWasLostAfterMessagesWasLostMidway) {
  const PairHello unknown;
  for (const std::optional<int> vendor :
       {std::optional(13), std::optional(15), std::optional<int>()}) {
    PairRail rail = rail_broken(PairStep::kPing, sent(vendor));
    rail.passed = 40;
    rail.own_grew = {{"retrans_pkts", 3}, {"tx_pkts", 50}};
    const Finding finding = judge_rail(rail, {unknown, unknown});
    EXPECT_EQ(finding.check->code, kPairLostMidway.code);
    EXPECT_TRUE(
        finding.message.ends_with("after 40 messages had arrived; retrans_pkts +3 on this node"))
        << finding.message;
  }
}

TEST(PairCauses, CountersSayWhichWayIsLost) {
  const PairHello unknown;
  const auto message = [&](std::map<std::string, uint64_t> other, PairSide side) {
    PairRail rail = rail_broken(PairStep::kSend, sent(15), side);
    (side == PairSide::kOwn ? rail.other_grew : rail.own_grew) = std::move(other);
    return judge_rail(rail, {unknown, unknown}).message;
  };
  const auto says = [](const std::string& said, const char* words) {
    return said.find(words) != std::string::npos;
  };
  EXPECT_TRUE(says(message({{"rx_pkts", 0}}, PairSide::kOwn), "likely the way there"));
  EXPECT_TRUE(says(message({{"rx_pkts", 0}}, PairSide::kOwn), "what this node may send"));
  EXPECT_TRUE(says(message({{"rx_pkts", 2}}, PairSide::kOwn), "likely the way back"));
  EXPECT_TRUE(says(message({{"rx_pkts", 2}}, PairSide::kOwn), "what the other node may send"));
  EXPECT_TRUE(says(message({{"rx_pkts", 0}}, PairSide::kOther), "what the other node may send"));
  EXPECT_TRUE(says(message({}, PairSide::kOwn), "do not tell"));
}

TEST(PairCauses, GroupsWithoutOneInCommonExplainWhatDoesNotArrive) {
  const PairHello here = node_in("z", "v", "sg-1");
  const PairHello there = node_in("z", "v", "sg-2");
  const PairRail rail = rail_broken(PairStep::kSend, sent(15));
  EXPECT_EQ(judge_rail(rail, {here, there}).check->code, kPairNoCommonGroup.code);
  EXPECT_EQ(judge_rail(rail, {here, here}).check->code, kPairUnreachable.code);
  EXPECT_EQ(judge_rail(rail, {here, PairHello()}).check->code, kPairUnreachable.code) << "unknown";
  EXPECT_EQ(judge_rail(PairRail(), {here, there}).result, FindingResult::kPass)
      << "they may have rules for each other";
}

TEST(PairCauses, OfTheConnection) {
  const auto code = [](const Error& error) {
    return judge_connection(error, "host port 1").check->code;
  };
  EXPECT_EQ(code({ErrorKind::kNotFound, kNameFailed, "x"}), kPairNoControlName.code);
  EXPECT_EQ(code({ErrorKind::kInputOutput, kConnectFailed, "x", ECONNREFUSED}),
            kPairNoControlRefused.code);
  EXPECT_EQ(code({ErrorKind::kTimedOut, kConnectFailed, "x", ETIMEDOUT}),
            kPairNoControlTimeout.code);
  EXPECT_EQ(code({ErrorKind::kInputOutput, kConnectFailed, "x", EHOSTUNREACH}),
            kPairNoControlTimeout.code);
  EXPECT_EQ(code({ErrorKind::kDenied, kRefusedByServer, "x"}), kPairRefused.code);
  EXPECT_EQ(code({ErrorKind::kMalformed, kOtherProtocol, "x"}), kPairVersionMismatch.code);
  EXPECT_EQ(code({ErrorKind::kMalformed, "control connection", "x"}), kPairVersionMismatch.code);
  EXPECT_EQ(code({ErrorKind::kNotFound, "control connection", "x"}), kPairPeerGone.code);
}

TEST(PairCauses, SlowIsSaidOnceMeasuredAgainOnly) {
  const std::vector<PairRail> rails = {rail_with_rate(0, 5e9), rail_with_rate(1, 10e9),
                                       rail_with_rate(2, 10e9)};
  EXPECT_TRUE(judge_rates(rails, {}).empty());
  EXPECT_TRUE(judge_rates(rails, {std::nullopt, std::nullopt, std::nullopt}).empty());
  EXPECT_TRUE(judge_rates(rails, {{9e9}, std::nullopt, std::nullopt}).empty());
  EXPECT_TRUE(judge_rates({rails[0], rails[1]}, {{6e9}, {8e9}}).empty()) << "so is the other now";
  EXPECT_EQ(usual_one({{5e9}, {9e9}, {10e9}, {11e9}}, {true, false, false, false}), 2U);
  const auto slow = judge_rates(rails, {{6e9}, std::nullopt, std::nullopt});
  ASSERT_EQ(slow.size(), 1U);
  EXPECT_EQ(slow[0].message, "5.0 Gbit/s, and at best 6.0 Gbit/s when measured again");
}

}  // namespace
}  // namespace efa
