// Which libfabric of one node meets which of the other, and what it means that one does not move
// data.

#include <gtest/gtest.h>

#include "agent/pair/judge.h"
#include "agent/pair/match.h"
#include "agent/pair/pingpong.h"
#include "agent/pair/report.h"
#include "probes/pair/checks.h"
#include "tests/support/pair_parts.h"

namespace efa {
namespace {

const PairCopy kSystem{"", "/usr/lib/libfabric.so.1", ""};
const PairCopy kInstaller{"/opt/amazon/efa/lib", "/opt/amazon/efa/lib/libfabric.so.1", ""};
const PairCopy kUsers{"/opt/amazon/efa/lib", "/opt/amazon/efa/lib/libfabric.so.1",
                      "another user may write to it"};

std::vector<std::pair<int, int>> numbers_of(const PairMatch& match) {
  std::vector<std::pair<int, int>> numbers;
  for (const PairCopies& copies : match.copies) numbers.emplace_back(copies.own, copies.other);
  return numbers;
}

TEST(PairMatch, EachMeetsItsLikeElseTheFirst) {
  using Numbers = std::vector<std::pair<int, int>>;
  EXPECT_EQ(numbers_of(match_copies({kSystem, kInstaller}, {kSystem, kInstaller})),
            (Numbers{{0, 0}, {1, 1}}));
  EXPECT_EQ(numbers_of(match_copies({kSystem, kInstaller}, {kInstaller, kSystem})),
            (Numbers{{0, 1}, {1, 0}}));
  EXPECT_EQ(numbers_of(match_copies({kSystem, kInstaller}, {kSystem})), (Numbers{{0, 0}, {1, 0}}));
  EXPECT_EQ(numbers_of(match_copies({kInstaller}, {kUsers, kSystem})), (Numbers{{0, 1}}));
  EXPECT_TRUE(match_copies({kSystem}, {kSystem}).untested.empty());
}

TEST(PairMatch, WhatIsNotTestedSaysWhy) {
  const PairMatch refused = match_copies({kUsers}, {kSystem});
  EXPECT_TRUE(refused.copies.empty());
  ASSERT_EQ(refused.untested.size(), 1U);
  EXPECT_EQ(refused.untested[0].result, FindingResult::kUnknown);
  EXPECT_NE(refused.untested[0].message.find("another user may write to it"), std::string::npos);
  const PairMatch none = match_copies({kSystem}, {});
  EXPECT_TRUE(none.copies.empty());
  ASSERT_EQ(none.untested.size(), 1U);
  EXPECT_EQ(none.untested[0].result, FindingResult::kNotApplicable);
  EXPECT_EQ(none.untested[0].message, "the other node has no libfabric");
}

PairRail by_installer(PairRail rail) {
  rail.copies = {0, 0, kInstaller.file, kInstaller.file};
  rail.own_setup.version = "2.1";
  rail.other_setup.version = "1.22";
  return rail;
}

PairAnswer failed(int number) {
  PairAnswer answer;
  answer.failed = {"completion", "its own word", number};
  return answer;
}

struct LibfabricRow {
  const char* what;
  PairAnswer answer;
  std::optional<int64_t> lockable;
  const Check* wanted;
};

TEST(PairLibfabric, EachErrorIsOfItsCause) {
  constexpr int64_t kLittle = 65'536;
  constexpr int64_t kMuch = int64_t{1} << 34U;
  const PairAnswer ended = answer_with([](PairAnswer& answer) { answer.ended = "signal 6"; });
  const PairAnswer gone = answer_with([](PairAnswer& answer) { answer.gone = "closed"; });
  const PairAnswer hung = answer_with([](PairAnswer& answer) { answer.hung = "fi_enable"; });
  const LibfabricRow rows[] = {
      {"handshake failed though bytes pass", failed(4126), {}, &kPairLibfabric},
      {"silence", sent(std::nullopt), {}, &kPairLibfabric},
      {"other features", failed(18), {}, &kPairVersionMismatch},
      {"handshake", failed(4113), {}, &kPairVersionMismatch},
      {"zero copy", failed(4125), {}, &kPairVersionMismatch},
      {"receive buffers, little memory", failed(4112), kLittle, &kPairMemlock},
      {"out of memory, little memory", failed(ENOMEM), kLittle, &kPairMemlock},
      {"out of memory, any memory", failed(4105), {}, &kPairLibfabric},
      {"an end, little memory", ended, kLittle, &kPairMemlock},
      {"an end, much memory", ended, kMuch, &kPairLibfabric},
      {"the other end is gone", gone, {}, &kPairPeerGone},
      {"a device that holds", hung, {}, &kPairHang},
  };
  for (const LibfabricRow& row : rows) {
    SCOPED_TRACE(row.what);
    PairHello own;
    own.lockable = row.lockable;
    const PairHello other;
    const PairRail rail = by_installer(rail_broken(PairStep::kSend, row.answer));
    const Finding finding = judge_rail(rail, {own, other});
    EXPECT_EQ(finding.result, FindingResult::kFail);
    EXPECT_EQ(finding.check->code, row.wanted->code);
    EXPECT_EQ(finding.subject, "0000:10:1b.0 to 0000:10:1b.0 by " + kInstaller.file);
  }
}

TEST(PairLibfabric, BothVersionsAreTold) {
  const PairHello hello;
  const PairNodes nodes{hello, hello};
  const PairRail broken = by_installer(rail_broken(PairStep::kSend, failed(4126)));
  EXPECT_EQ(judge_rail(broken, nodes).message,
            "on this node: completion: its own word; libfabric 2.1 here, 1.22 there");
  PairRail works = by_installer(rail_with_rate(0, 1e9));
  EXPECT_EQ(judge_rail(works, nodes).result, FindingResult::kPass);
  EXPECT_EQ(judge_rail(works, nodes).check->code, kPairLibfabric.code);
  works.other_setup.version.reset();
  EXPECT_NE(judge_rail(works, nodes).message.find(kInstaller.file + " there"), std::string::npos);
}

TEST(PairPingpong, OfItsLastLineTheMicroseconds) {
  EXPECT_EQ(parse_pingpong("bytes   #sent   #ack     total       time     MB/sec    usec/xfer   "
                           "Mxfers/sec\n64      1k      =1k      125k        0.43s      0.30     "
                           "214.77       0.00\n"),
            214'770);
  // what it prints for 1 MiB
  EXPECT_EQ(parse_pingpong("1m      1k      =1k      1.9g       28.57s     73.41   14283.63       "
                           "0.00\n"),
            14'283'630);
  EXPECT_EQ(parse_pingpong("bytes   #sent   #ack     total       time     MB/sec    usec/xfer   "
                           "Mxfers/sec\n"),
            std::nullopt);
  EXPECT_EQ(parse_pingpong(""), std::nullopt);
  EXPECT_EQ(parse_pingpong("ctrl/connect: Connection refused\n"), std::nullopt);
  EXPECT_EQ(parse_pingpong("64 1k =1k 125k 0.43s 0.30 fast 0.00"), std::nullopt);
}

TEST(PairLibfabric, APairOfDevicesCountsOnce) {
  PairReport report;
  report.other = report.own;
  report.rails = {rail_with_rate(0, 1e9), rail_with_rate(1, 1e9),
                  by_installer(rail_with_rate(0, 1e9)),
                  by_installer(rail_broken(PairStep::kSend, failed(4126)))};
  report.rails[3].own = report.rails[3].other = device_at(1);
  for (const PairRail& rail : report.rails) {
    report.findings.push_back(judge_rail(rail, {report.own, *report.other}));
  }
  conclude(report);
  EXPECT_EQ(report.verdict, Verdict::kUnhealthy);
  EXPECT_EQ(report.summary, "1 of 2 pairs of devices work: " + std::string(kPairLibfabric.title));
  EXPECT_STREQ(state_of(report, report.rails[1]), "ok");
  EXPECT_STREQ(state_of(report, report.rails[3]), "FAILS");
  const std::string text = render_pair_text(report, {.width = 100}, false);
  EXPECT_NE(text.find("libfabric 2.1 here, 1.22 there, " + kInstaller.file), std::string::npos)
      << text;
}

}  // namespace
}  // namespace efa
