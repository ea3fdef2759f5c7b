// efa-doctor pair without a device: what the ends say to each other, what a test of two nodes
// means, and how it is told.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <deque>

#include "agent/pair/connect.h"
#include "agent/pair/figures.h"
#include "agent/pair/judge.h"
#include "agent/pair/options.h"
#include "agent/pair/proof.h"
#include "agent/pair/rail.h"
#include "agent/pair/report.h"
#include "agent/pair/wire.h"
#include "probes/judging/table.h"
#include "probes/pair/checks.h"

namespace efa {
namespace {

using std::chrono::milliseconds;

constexpr const char* kToken = "0123456789abcdef";
constexpr const char* kNonces[] = {"00000000000000000000000000000001",
                                   "00000000000000000000000000000002"};

Wire::Clock::time_point soon() {
  return Wire::Clock::now() + milliseconds(200);
}

// A wire, and the other end of it.
struct Ends {
  Fd other;
  std::optional<Wire> wire;

  Ends() {
    int sockets[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    other.reset(sockets[0]);
    wire.emplace(Fd(sockets[1]));
  }
  void say(const std::string& text) const { EXPECT_TRUE(write_all(other.get(), text, "").ok()); }
  std::string hear() const {
    char buffer[4096];
    return std::string(read_some(other, buffer));
  }
};

TEST(PairLines, AreGivenOneByOneAndBounded) {
  Lines lines(8);
  lines.take("one\ntwo\nth");
  EXPECT_EQ(**lines.next(), "one");
  EXPECT_EQ(**lines.next(), "two");
  EXPECT_FALSE(*lines.next());
  lines.take("ree\n12345678\n");
  EXPECT_EQ(**lines.next(), "three");
  EXPECT_EQ(**lines.next(), "12345678");
  lines.take("123456789");
  EXPECT_EQ(lines.next().error().kind, ErrorKind::kTooLarge);
}

TEST(PairWire, WhatIsNoLineOfThePeersIsAnError) {
  struct Row {
    std::string text;
    ErrorKind kind;
  };
  const Row rows[] = {
      {"GET / HTTP/1.1\n", ErrorKind::kMalformed},
      {"{\"a\":\n", ErrorKind::kMalformed},
      {std::string("\xff\xfe\x00\n", 4), ErrorKind::kMalformed},
      {std::string(100, '[') + "\n", ErrorKind::kMalformed},
      {"", ErrorKind::kTimedOut},
      {"{\"a\":1", ErrorKind::kTimedOut},
      {"{\"alive\":true}\n", ErrorKind::kTimedOut},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.text);
    Ends ends;
    ends.say(row.text);
    const Result<Value> line = ends.wire->hear(soon());
    ASSERT_FALSE(line.ok());
    EXPECT_EQ(line.error().kind, row.kind);
  }
}

TEST(PairWire, AnEndIsSaidOnceAllBeforeItWasGiven) {
  Ends ends;
  ends.say("{\"alive\":true}\n{\"a\":1}\n");
  ends.other.reset();
  EXPECT_TRUE(ends.wire->hear(soon()).ok());
  EXPECT_EQ(ends.wire->hear(soon()).error().kind, ErrorKind::kNotFound);
}

TEST(PairWire, BeatsAndKeepsWhatComesMeanwhile) {
  Ends ends;
  ends.wire->begin_to_beat();
  ends.say("{\"a\":1}\n");
  EXPECT_TRUE(ends.wire->beat().ok());
  EXPECT_TRUE(ends.wire->has_early());
  EXPECT_TRUE(ends.wire->hear(soon()).ok());
  EXPECT_FALSE(ends.wire->hear(Wire::Clock::now() + milliseconds(700)).ok());
  EXPECT_EQ(ends.hear(), "{\"alive\":true}\n");
  ends.other.reset();
  EXPECT_EQ(ends.wire->beat().error().kind, ErrorKind::kNotFound);
}

TEST(PairProof, IsOfTheTokenTheRoleAndBothNonces) {
  const PairNonces nonces{kNonces[0], kNonces[1]};
  const std::string proof = proof_of(kToken, PairRole::kClient, nonces);
  EXPECT_EQ(proof, "e0dd654d666274916785fd4e118e41edde8a86fef3864b367ed6578e36b2cc97");
  EXPECT_TRUE(is_proof(proof, kToken, PairRole::kClient, nonces));
  EXPECT_FALSE(is_proof(proof, kToken, PairRole::kServer, nonces));
  EXPECT_FALSE(is_proof(proof, "0123456789abcdeF", PairRole::kClient, nonces));
  EXPECT_FALSE(is_proof(proof, kToken, PairRole::kClient, {kNonces[1], kNonces[0]}));
  EXPECT_FALSE(is_proof("", kToken, PairRole::kClient, nonces));
  EXPECT_FALSE(is_proof(proof + "0", kToken, PairRole::kClient, nonces));
  EXPECT_NE(*chance(), *chance());
  EXPECT_TRUE(is_nonce(*chance()));
}

TEST(PairProof, ATokenIsOneLineOfVisibleLetters) {
  EXPECT_EQ(*parse_token(std::string(kToken) + "\n", "t"), kToken);
  EXPECT_EQ(*parse_token(std::string(" ") + kToken + " \nmore", "t"), kToken);
  for (const char* text :
       {"", "\n", "short", "with a blank in the middle", "0123456789abcd\x01gh"}) {
    EXPECT_FALSE(parse_token(text, "t").ok()) << text;
  }
  EXPECT_FALSE(parse_token(std::string(257, 'a'), "t").ok());
}

TEST(PairOptions, SizesHaveUnitsAndBounds) {
  EXPECT_EQ(*parse_pair_sizes({"1M", "64", "8K", "64"}),
            (std::vector<uint64_t>{64, 8192, 1'048'576}));
  for (const char* size : {"", "0", "x", "-1", "1.5", "9M", "K", "1G", "99999999999999999999"}) {
    EXPECT_FALSE(parse_pair_sizes({size}).ok()) << size;
  }
  EXPECT_FALSE(parse_pair_sizes({}).ok());
  std::vector<std::string> many;
  for (int i = 1; i <= 17; ++i) many.push_back(std::to_string(i));
  EXPECT_FALSE(parse_pair_sizes(many).ok());
}

TEST(PairOptions, EachRoleHasItsOwn) {
  EXPECT_TRUE(check_options({.role = "server"}).ok());
  EXPECT_TRUE(check_options({.role = "client", .host = "a"}).ok());
  EXPECT_FALSE(check_options({.role = "client"}).ok());
  EXPECT_FALSE(check_options({.role = "server", .host = "a"}).ok());
  EXPECT_FALSE(check_options({.role = "client", .host = "a", .bind = "::1"}).ok());
  EXPECT_FALSE(check_options({.role = "client", .host = "a", .once = true}).ok());
  EXPECT_FALSE(check_options({.role = "other"}).ok());
}

TEST(PairProtocol, AnOrderFromOutsideIsBounded) {
  const PairAddress address{std::string(32, '0'), 1, 1, 0, 0};
  EXPECT_EQ(why_not({.step = "setup", .bytes = kMostPairBytes}), "");
  EXPECT_EQ(why_not({.step = "reach", .address = address}), "");
  EXPECT_NE(why_not({.step = "reach"}), "");
  EXPECT_NE(why_not({.step = "reach", .address = PairAddress{"zz"}}), "");
  EXPECT_NE(why_not({.step = "rm"}), "");
  EXPECT_NE(why_not({.step = "send", .bytes = kMostPairBytes + 1}), "");
  EXPECT_NE(why_not({.step = "ping", .ms = 60'001}), "");
  EXPECT_NE(why_not({.step = "ping", .ms = -1}), "");
  for (int i = 0; i <= static_cast<int>(PairStep::kBye); ++i) {
    EXPECT_EQ(pair_step(word_of(static_cast<PairStep>(i))), static_cast<PairStep>(i));
  }
}

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

PairHello node_in(const char* zone, const char* vpc, const char* group,
                  const char* type = "p5.48xlarge") {
  PairHello hello;
  hello.metadata_status = "ok";
  hello.zone_id = zone;
  hello.instance_type = type;
  hello.interfaces = {{"0e:00", "subnet-1", vpc, {group}}};
  return hello;
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

PairDevice device_at(int rail) {
  PairDevice device{.rail = rail, .address = {0, static_cast<uint8_t>(16 * (rail + 1)), 0x1b, 0}};
  device.mtu = 8760;
  return device;
}

PairRail rail_broken(PairStep step, PairAnswer answer, PairSide side = PairSide::kOwn) {
  PairRail rail;
  rail.own = rail.other = device_at(0);
  rail.registered = 16384;
  answer.step = word_of(step);
  rail.broken = {side, std::move(answer)};
  return rail;
}

PairAnswer sent(std::optional<int> vendor_error) {
  PairAnswer answer;
  answer.transfer = DataTransfer{.kind = "send", .bytes = 64};
  if (vendor_error) answer.transfer->status = 21;
  if (vendor_error) answer.transfer->vendor_error = vendor_error;
  return answer;
}

PairAnswer failed(const char* call, int os_error, std::optional<int64_t> lockable = {}) {
  PairAnswer answer;
  answer.failed = {call, "words", os_error};
  answer.lockable = lockable;
  return answer;
}

PairAnswer answer_with(const std::function<void(PairAnswer&)>& change) {
  PairAnswer answer;
  change(answer);
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

PairRail rail_with_rate(int number, double rate) {
  PairRail rail;
  rail.own = rail.other = device_at(number);
  rail.passed = 10;
  rail.figures = {{.bytes = 64, .latency = PairLatency{5, 1000, 2000, 3000}},
                  {.bytes = 1 << 20, .way = "write", .rate = rate}};
  return rail;
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

  explicit ScriptedEnd(uint64_t received) {
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
  ScriptedEnd own(1);
  ScriptedEnd other(1);
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
  ScriptedEnd own(1);
  ScriptedEnd other(1);
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
  ScriptedEnd own(1);
  ScriptedEnd other(1);
  own.answers["ping"] = sent(std::nullopt);
  other.answers["ended"] = sent(13);
  const PairRail rail = test_rail(own, other, {device_at(0), device_at(0)}, {{64}, 1});
  EXPECT_EQ(rail.broken->side, PairSide::kOther);
  EXPECT_EQ(rail.broken->answer.transfer->vendor_error, 13);
}

TEST(PairRails, AJobThatOpensTheDeviceEndsTheTestAndTakesTheBlame) {
  ScriptedEnd own(1);
  ScriptedEnd other(1);
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
  ScriptedEnd own(1);
  ScriptedEnd other(2);
  EXPECT_TRUE(test_rail(own, other, {device_at(0), device_at(0)}, {{64}, 1}).differs);
  ScriptedEnd later(1);
  later.answers["digest"].digest = 3;
  EXPECT_TRUE(test_rail(own, later, {device_at(0), device_at(0)}, {{64}, 1}).differs);
}

TEST(PairRails, WithoutRdmaWhatIsLongerThanAMessageIsNotTaken) {
  ScriptedEnd own(1);
  ScriptedEnd other(1);
  other.answers["setup"].reads = other.answers["setup"].writes = false;
  const PairRail rail = test_rail(own, other, {device_at(0), device_at(0)}, {{1 << 20}, 1});
  EXPECT_FALSE(rail.broken);
  EXPECT_FALSE(rail.figures[0].rate);
  EXPECT_NE(rail.figures[0].why_not, "");
}

PairReport report_of(std::vector<PairRail> rails, std::vector<Finding> more = {}) {
  PairReport report;
  report.server = "10.0.0.5 port 18516";
  report.own = node_in("use1-az1", "vpc-1", "sg-1");
  report.own.devices = {device_at(0)};
  report.other = report.own;
  report.rails = std::move(rails);
  for (const PairRail& rail : report.rails) {
    report.findings.push_back(judge_rail(rail, {report.own, *report.other}));
  }
  for (Finding& finding : more) report.findings.push_back(std::move(finding));
  conclude(report);
  return report;
}

TEST(PairReports, TheVerdictIsOfAllPairs) {
  const PairRail good = rail_with_rate(0, 1e9);
  PairRail lost = rail_broken(PairStep::kSend, sent(15));
  PairRail used =
      rail_broken(PairStep::kSetup, answer_with([](PairAnswer& answer) { answer.holders = {7}; }));
  EXPECT_EQ(report_of({good, good}).verdict, Verdict::kHealthy);
  EXPECT_EQ(report_of({good, good}).summary, "2 of 2 pairs of devices work");
  EXPECT_EQ(report_of({good, used}).verdict, Verdict::kDegraded);
  EXPECT_EQ(report_of({used}).verdict, Verdict::kUnknown);
  const PairRail unseen = rail_broken(
      PairStep::kSetup, answer_with([](PairAnswer& answer) { answer.users_unseen = true; }));
  EXPECT_EQ(report_of({good, unseen}).verdict, Verdict::kDegraded);
  EXPECT_EQ(report_of({good, unseen}).summary,
            "1 of 2 pairs of devices work: 1 could not be tested");
  const PairReport untested = report_of({unseen});
  EXPECT_STREQ(state_of(untested, untested.rails.at(0)), "?");
  EXPECT_EQ(report_of({unseen}).verdict, Verdict::kUnknown);
  EXPECT_EQ(report_of({good, lost}).verdict, Verdict::kUnhealthy);
  EXPECT_EQ(report_of({good, lost}).summary,
            "1 of 2 pairs of devices work: A device does not reach its peer");
  EXPECT_EQ(report_of({}).verdict, Verdict::kUnknown);
  EXPECT_EQ(
      report_of({good}, judge_rates({rail_with_rate(0, 1), rail_with_rate(1, 100)}, {{1}, {}}))
          .verdict,
      Verdict::kDegraded);
}

TEST(PairReports, WithoutAConnectionNothingIsKnown) {
  PairReport report;
  report.server = "host port 1";
  report.findings = {judge_connection({ErrorKind::kInputOutput, kConnectFailed, "x", ECONNREFUSED},
                                      report.server)};
  conclude(report);
  EXPECT_EQ(report.verdict, Verdict::kUnknown);
  EXPECT_EQ(report.summary, "No server listens on the other node");
  const std::string text = render_pair_text(report, {}, false);
  EXPECT_TRUE(text.starts_with("UNKNOWN  No server listens on the other node\n")) << text;
  EXPECT_NE(text.find("$ efa-doctor pair server"), std::string::npos);
}

TEST(PairReports, TextNamesTheCauseFirstThenARowAPair) {
  const PairReport report =
      report_of({rail_with_rate(0, 50e9), rail_broken(PairStep::kSend, sent(15))});
  const std::string text = render_pair_text(report, {.width = 200}, true);
  const size_t cause = text.find("CRITICAL  pair.unreachable: A device does not reach its peer");
  const size_t fix = text.find("fix (account_owner): Likely a security group");
  const size_t row = text.find("ok     0000:10:1b.0 to 0000:10:1b.0");
  EXPECT_LT(cause, fix) << text;
  EXPECT_LT(fix, row) << text;
  EXPECT_NE(text.find("1 MiB write: 50.0 Gbit/s ####################\n"), std::string::npos)
      << text;
  EXPECT_EQ(render_pair_text(report, {.width = 200}, false).find("####"), std::string::npos);
}

TEST(PairReports, JsonHasAllAndNoToken) {
  const Value value = pair_value(report_of({rail_with_rate(0, 50e9)}));
  EXPECT_EQ(value.text("schema"), "efa-doctor.pair.v1");
  EXPECT_EQ(value.text("verdict"), "healthy");
  EXPECT_EQ(value.find("pairs")->as<Array>()->size(), 1U);
  EXPECT_EQ(render_json(value).find("token"), std::string::npos);
}

TEST(PairChecks, AreInTheCatalogue) {
  for (const Check* check : kPairChecks) EXPECT_EQ(find_check(check->code), check);
}

}  // namespace
}  // namespace efa
