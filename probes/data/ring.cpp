#include "probes/data/ring.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace efa {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr uint32_t kRingBytes = 1024;
constexpr milliseconds kForMessage{1'000};

// What neighbours tell each other; both are of one program.
struct Word {
  enum Kind : uint8_t { kAbsent, kReady, kSent, kOutcome };
  Kind kind = kAbsent;
  bool good = false;                // kSent: the send completed; kOutcome: the receive did
  bool equal = false;               // kOutcome
  DataAddress address;              // kReady: where the receiver is
  uint8_t bytes[kRingBytes] = {0};  // kSent: what the message holds
};

void tell(const Fd& to, const Word& word) {
  (void)send(to.get(), &word, sizeof word, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// The next word, if it is of that kind.
std::optional<Word> hear(const Fd& from, Word::Kind kind, Clock::time_point stop) {
  const auto left = std::chrono::duration_cast<milliseconds>(stop - Clock::now());
  if (!is_readable_within(from.get(), std::max(left, milliseconds(0)))) return std::nullopt;
  Word word;
  if (recv(from.get(), &word, sizeof word, MSG_DONTWAIT) != sizeof word || word.kind != kind) {
    return std::nullopt;
  }
  return word;
}

// As the one that sends: whether there was somebody to send to.
std::optional<DataTransfer> send_to_next(const RingEnds& ends, DataPath& path, Exchange& exchange,
                                         Clock::time_point stop) {
  const std::optional<Word> ready = hear(ends.next, Word::kReady, stop);
  if (!ready || !path.reach(ready->address)) {
    tell(ends.next, {});
    return std::nullopt;
  }
  const uint32_t bytes = std::min(kRingBytes, path.max_message_bytes());
  const DataTransfer transfer = exchange.to_peer(bytes);
  if (exchange.error()) {  // it was not even given to the device
    tell(ends.next, {});
    return std::nullopt;
  }
  Word sent{.kind = Word::kSent, .good = transfer.status == 0};
  std::memcpy(sent.bytes, path.sent().data(), bytes);
  tell(ends.next, sent);
  return transfer;
}

// As the one that receives: tells the sender what came. Gives the number of bytes.
uint32_t receive_from_previous(const RingEnds& ends, DataPath& path, Exchange& exchange,
                               uint64_t receive, Clock::time_point stop) {
  const std::optional<Word> sent = hear(ends.previous, Word::kSent, stop);
  if (!sent) return 0;
  Word outcome{.kind = Word::kOutcome};
  std::optional<DataCompletion> came;
  if (sent->good) came = exchange.await(receive, kForMessage);
  outcome.good = came && came->status == 0;
  const uint32_t bytes = outcome.good ? std::min(came->bytes, kRingBytes) : 0;
  outcome.equal = outcome.good && std::memcmp(sent->bytes, path.received().data(), bytes) == 0;
  tell(ends.previous, outcome);
  return bytes;
}

}  // namespace

std::vector<RingEnds> make_ring(const std::vector<PciAddress>& devices) {
  if (devices.size() < 2) return {};
  std::vector<RingEnds> ring(devices.size());
  for (size_t i = 0; i < devices.size(); ++i) {
    const size_t next = (i + 1) % devices.size();
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return {};
    ring[i].next_device = devices[next];
    ring[i].next.reset(ends[0]);
    ring[next].previous.reset(ends[1]);
  }
  return ring;
}

RingSeen go_around(const RingEnds& ends, DataPath& path, Exchange& exchange,
                   Clock::time_point stop) {
  const uint64_t receive = exchange.expect(kRingBytes);
  tell(ends.previous, {.kind = Word::kReady, .address = path.address()});
  RingSeen seen;
  seen.transfer = send_to_next(ends, path, exchange, stop);
  seen.received = receive_from_previous(ends, path, exchange, receive, stop);
  if (!seen.transfer || seen.transfer->status != 0) return seen;
  const std::optional<Word> outcome = hear(ends.next, Word::kOutcome, stop);
  if (!outcome) {  // its process ended with the message: nothing is known of that
    seen.transfer.reset();
    return seen;
  }
  seen.transfer->received = outcome->good;
  if (outcome->good) seen.transfer->equal = outcome->equal;
  return seen;
}

void stay_out(const RingEnds& ends) {
  tell(ends.next, {});
  tell(ends.previous, {});
}

}  // namespace efa
