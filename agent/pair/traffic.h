// Many messages over one queue pair, to a peer that takes them or answers them. Times are taken
// here; nothing sleeps.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "agent/pair/protocol.h"
#include "probes/data/library.h"

namespace efa {

inline constexpr uint32_t kPairWindow = 64;  // messages that are on their way at once
inline constexpr uint32_t kPairDepth = 2 * kPairWindow;

class Traffic {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Traffic(DataPath& path) : path_(path) {}

  // Each puts into the answer how many messages went well, and the one that did not.
  void ping(const PairOrder& order, PairAnswer& answer);
  void stream(const PairOrder& order, PairAnswer& answer);
  void move_memory(const PairOrder& order, PairAnswer& answer, bool write);
  // They call `ready` once their receives are posted.
  void echo(const PairOrder& order, PairAnswer& answer, const std::function<void()>& ready);
  void sink(const PairOrder& order, PairAnswer& answer, const std::function<void()>& ready);

 private:
  enum class Kind { kSent, kReceived };
  struct Event {
    Kind kind = Kind::kSent;
    DataCompletion completion;
  };

  bool keep(const Result<Done>& done, PairAnswer& answer);
  bool post_receives(uint32_t wanted, PairAnswer& answer);
  bool send(uint64_t bytes, uint8_t mark, PairAnswer& answer);
  // The next completion. False when it is an error, or none came in time: that is then told.
  bool next(Event& event, Clock::time_point end, uint64_t bytes, PairAnswer& answer);
  bool exchange_once(const PairOrder& order, uint8_t mark, PairAnswer& answer);
  bool await_sent(uint64_t bytes, Clock::time_point end, PairAnswer& answer);

  DataPath& path_;
  uint64_t last_id_ = 0;
  uint64_t sent_id_ = 0;  // of the last message
  uint32_t posted_ = 0;   // receives
};

}  // namespace efa
