#include "agent/pair/traffic.h"

#include <sched.h>

#include <algorithm>
#include <chrono>

#include "agent/pair/figures.h"

namespace efa {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kForMessage{3'000};  // silence: the device tells no time-out of its own
constexpr uint64_t kCredit = 32;            // messages that a sink has taken, told at once
constexpr uint64_t kCreditBytes = 8;
constexpr size_t kMostRounds = 200'000;
constexpr uint64_t kReceive = uint64_t{1} << 63U;  // in the id of a receive

// The first byte of a message.
enum Mark : uint8_t { kMore, kLast };

int64_t ns_since(Traffic::Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Traffic::Clock::now() - start)
      .count();
}

// Long messages share the way: with many of them at once none would be whole in time where it is
// slow.
uint64_t window_of(uint64_t bytes) {
  constexpr uint64_t kOnTheWay = uint64_t{4} * 1024 * 1024;
  constexpr uint64_t kLeast = 2;
  return std::clamp<uint64_t>(kOnTheWay / std::max<uint64_t>(bytes, 1), kLeast, kPairWindow);
}

uint64_t credit_of(uint64_t bytes) {
  return std::min(kCredit, window_of(bytes));
}

}  // namespace

bool Traffic::keep(const Result<Done>& done, PairAnswer& answer) {
  if (!done) answer.failed = unseen_of(done.error());
  return done.ok();
}

// As long as any message may be: one of an earlier size may still wait.
bool Traffic::post_receives(uint32_t wanted, PairAnswer& answer) {
  const auto longest =
      static_cast<uint32_t>(std::min<uint64_t>(path_.received().size(), path_.max_message_bytes()));
  for (; posted_ < wanted; ++posted_) {
    if (!keep(path_.post_receive(kReceive | ++last_id_, longest), answer)) return false;
  }
  return true;
}

bool Traffic::send(uint64_t bytes, uint8_t mark, PairAnswer& answer) {
  path_.sent()[0] = mark;
  sent_id_ = ++last_id_;
  return keep(path_.send(sent_id_, static_cast<uint32_t>(bytes), DataTarget::kPeer), answer);
}

bool Traffic::next(Event& event, Clock::time_point end, uint64_t bytes, PairAnswer& answer) {
  constexpr int kSpins = 256;  // before another process gets its turn
  for (int spin = 0;; ++spin) {
    const Result<std::optional<DataCompletion>> polled = path_.poll();
    if (!polled) return keep(polled.error(), answer);
    if (*polled) {
      event.completion = **polled;
      event.kind = (event.completion.id & kReceive) != 0 ? Kind::kReceived : Kind::kSent;
      if (event.kind == Kind::kReceived) --posted_;
      if (event.completion.status == 0) return true;
      answer.transfer = DataTransfer{.kind = "send",
                                     .bytes = static_cast<uint32_t>(bytes),
                                     .status = event.completion.status,
                                     .vendor_error = event.completion.vendor_error};
      return false;
    }
    if (spin % kSpins != kSpins - 1) continue;
    if (Clock::now() >= end) break;
    sched_yield();
  }
  answer.transfer = DataTransfer{.kind = "send", .bytes = static_cast<uint32_t>(bytes)};
  return false;
}

bool Traffic::await_sent(uint64_t bytes, Clock::time_point end, PairAnswer& answer) {
  Event event;
  do {
    if (!next(event, end, bytes, answer)) return false;
  } while (event.completion.id != sent_id_);
  return true;
}

// A message there and its answer. One receive is always posted; the next one is while the message
// is on its way, so that it costs no time that is taken.
bool Traffic::exchange_once(const PairOrder& order, uint8_t mark, PairAnswer& answer) {
  if (!send(order.bytes, mark, answer) || !post_receives(2, answer)) return false;
  const Clock::time_point end = Clock::now() + kForMessage;
  Event event;
  bool sent = false;
  bool answered = false;
  while (!sent || !answered) {
    if (!next(event, end, order.bytes, answer)) return false;
    if (event.kind == Kind::kReceived) answered = true;
    if (event.completion.id == sent_id_) sent = true;
  }
  return true;
}

void Traffic::ping(const PairOrder& order, PairAnswer& answer) {
  std::vector<int64_t> times;
  if (!post_receives(2, answer)) return;
  const Clock::time_point end = Clock::now() + milliseconds(order.ms);
  bool last = false;
  while (!last) {
    last = Clock::now() >= end || times.size() + 1 >= kMostRounds;
    const Clock::time_point start = Clock::now();
    if (!exchange_once(order, last ? kLast : kMore, answer)) break;
    times.push_back(ns_since(start));
  }
  answer.messages = times.size();
  answer.latency = latency_of(std::move(times));
}

void Traffic::echo(const PairOrder& order, PairAnswer& answer, const std::function<void()>& ready) {
  if (!post_receives(2, answer)) return;
  ready();
  const Clock::time_point end = Clock::now() + milliseconds(order.ms) + kForMessage;
  Event event;
  for (uint8_t mark = kMore; mark != kLast; ++answer.messages) {
    do {
      if (!next(event, end, order.bytes, answer)) return;
    } while (event.kind != Kind::kReceived);
    mark = path_.received()[0];
    if (!send(order.bytes, mark, answer) || !post_receives(2, answer)) return;
    if (!await_sent(order.bytes, Clock::now() + kForMessage, answer)) return;
  }
}

// No more are on their way than the sink has receives for: it tells what it has taken. Not one is
// on its way when the last one follows, whose mark would come over what is not looked at yet.
void Traffic::stream(const PairOrder& order, PairAnswer& answer) {
  const Clock::time_point start = Clock::now();
  const Clock::time_point end = start + milliseconds(order.ms);
  const uint64_t window = window_of(order.bytes);
  const uint64_t credit = credit_of(order.bytes);
  uint64_t sent = 0;
  uint64_t taken = 0;
  const uint64_t first = last_id_;  // what completes later and was sent before is another's
  Event event;
  while (true) {
    if (!post_receives(kPairWindow, answer)) return;  // more credits never wait
    const bool more = sent % credit != 0 || Clock::now() < end;
    if (!more && answer.messages == sent && taken == sent) break;
    const auto room = [&] {
      return sent - answer.messages < window && sent - taken < kPairDepth - credit;
    };
    if (more && room()) {
      if (!send(order.bytes, kMore, answer)) return;
      ++sent;
      if (room()) continue;
    }
    if (!next(event, Clock::now() + kForMessage, order.bytes, answer)) return;
    if (event.kind == Kind::kReceived) taken += credit;
    if (event.kind == Kind::kSent && event.completion.id > first) ++answer.messages;
  }
  answer.took_ns = ns_since(start);
  if (!send(order.bytes, kLast, answer)) return;
  await_sent(order.bytes, Clock::now() + kForMessage, answer);
}

void Traffic::sink(const PairOrder& order, PairAnswer& answer, const std::function<void()>& ready) {
  if (!post_receives(kPairDepth, answer)) return;
  ready();
  const Clock::time_point end = Clock::now() + milliseconds(order.ms) + kForMessage;
  const uint64_t credit = credit_of(order.bytes);
  Event event;
  uint64_t untold = 0;
  while (true) {
    if (!next(event, end, order.bytes, answer)) return;
    if (event.kind == Kind::kSent) continue;  // of a credit
    if (path_.received()[0] == kLast) break;
    ++answer.messages;
    if (!post_receives(kPairDepth, answer)) return;
    if (++untold < credit) continue;
    untold = 0;
    if (!send(std::min(order.bytes, kCreditBytes), kMore, answer)) return;
  }
}

void Traffic::move_memory(const PairOrder& order, PairAnswer& answer, bool write) {
  const Clock::time_point start = Clock::now();
  const Clock::time_point end = start + milliseconds(order.ms);
  const auto bytes = static_cast<uint32_t>(order.bytes);
  uint64_t posted = 0;
  const uint64_t first = last_id_;
  Event event;
  while (true) {
    const bool more = Clock::now() < end;
    if (!more && answer.messages == posted) break;
    if (more && posted - answer.messages < kPairWindow) {
      ++posted;
      const Result<Done> done = write ? path_.write(++last_id_, bytes, DataTarget::kPeer)
                                      : path_.read(++last_id_, bytes, DataTarget::kPeer);
      if (!keep(done, answer)) return;
      if (posted - answer.messages < kPairWindow) continue;
    }
    if (!next(event, Clock::now() + kForMessage, order.bytes, answer)) break;
    if (event.kind == Kind::kSent && event.completion.id > first) ++answer.messages;
  }
  if (answer.transfer) answer.transfer->kind = write ? "write" : "read";
  answer.took_ns = ns_since(start);
}

}  // namespace efa
