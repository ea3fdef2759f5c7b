// What the two ends of efa-doctor pair say to each other, and what they are asked for.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "agent/pair/connect.h"
#include "agent/pair/options.h"
#include "agent/pair/proof.h"
#include "agent/pair/wire.h"

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

}  // namespace
}  // namespace efa
