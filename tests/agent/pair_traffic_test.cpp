// Many messages to a peer that looks at them late.

#include "agent/pair/traffic.h"

#include <gtest/gtest.h>

#include <deque>

#include "agent/pair/protocol.h"

namespace efa {
namespace {

// A device whose messages arrive at once, at a peer that has not looked at the last few.
class LateSink final : public DataPath {
 public:
  explicit LateSink(uint64_t credit) : credit_(credit) {}

  uint64_t messages = 0;
  std::optional<uint64_t> not_looked_at;  // when the last message came over them

  Result<Done> take(DataStep /*step*/) override { return Done{}; }
  [[nodiscard]] uint32_t max_message_bytes() const override { return 1 << 20; }
  [[nodiscard]] uint32_t max_rdma_bytes() const override { return 0; }
  [[nodiscard]] bool reads() const override { return false; }
  [[nodiscard]] bool writes() const override { return false; }
  [[nodiscard]] DataAddress address() const override { return {}; }
  [[nodiscard]] std::span<uint8_t> sent() override { return sent_; }
  [[nodiscard]] std::span<uint8_t> received() override { return received_; }
  Result<Done> reach(const DataAddress& /*peer*/) override { return Done{}; }
  Result<Done> post_receive(uint64_t id, uint32_t /*bytes*/) override {
    receives_.push_back(id);
    return Done{};
  }
  Result<Done> send(uint64_t id, uint32_t /*bytes*/, DataTarget /*target*/) override {
    completions_.push_back({id, 0, 0, 0});
    const bool last = sent_[0] != 0;
    if (last) not_looked_at = messages - looked_at_;
    if (!last) ++messages;
    return Done{};
  }
  Result<Done> read(uint64_t /*id*/, uint32_t /*bytes*/, DataTarget /*target*/) override {
    return Done{};
  }
  Result<Done> write(uint64_t /*id*/, uint32_t /*bytes*/, DataTarget /*target*/) override {
    return Done{};
  }
  Result<std::optional<DataCompletion>> poll() override {
    constexpr uint64_t kLate = 5;
    if (messages - looked_at_ > kLate || (completions_.empty() && messages > looked_at_)) look();
    if (completions_.empty()) return std::optional<DataCompletion>();
    const DataCompletion next = completions_.front();
    completions_.pop_front();
    return std::optional(next);
  }

 private:
  void look() {
    if (++looked_at_ % credit_ != 0) return;
    ASSERT_FALSE(receives_.empty()) << "a credit has no receive";
    completions_.push_back({receives_.front(), 0, 0, 8});
    receives_.pop_front();
  }

  uint64_t credit_;
  uint64_t looked_at_ = 0;
  std::vector<uint8_t> sent_ = std::vector<uint8_t>(64);
  std::vector<uint8_t> received_ = std::vector<uint8_t>(64);
  std::deque<uint64_t> receives_;
  std::deque<DataCompletion> completions_;
};

TEST(PairTraffic, TheLastMessageFollowsWhenAllOthersWereLookedAt) {
  struct Size {
    uint64_t bytes;
    uint64_t credit;
  };
  for (const auto& [bytes, credit] : {Size{64, 32}, Size{8192, 32}, Size{1 << 20, 4}}) {
    LateSink path(credit);
    PairAnswer answer;
    Traffic(path).stream({.bytes = bytes, .ms = 20}, answer);
    EXPECT_FALSE(answer.transfer || answer.failed) << bytes;
    EXPECT_EQ(path.not_looked_at, 0U) << bytes;
    EXPECT_GT(path.messages, 0U) << bytes;
    EXPECT_EQ(answer.messages, path.messages) << bytes;
  }
}

}  // namespace
}  // namespace efa
