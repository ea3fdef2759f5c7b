#include "probes/data/exchange.h"

#include <sys/random.h>

#include <algorithm>
#include <thread>

namespace efa {
namespace {

using std::chrono::milliseconds;

// The device repeats what is not acknowledged for a time that AWS does not tell; most of what a
// device is given is for the first message that stays silent.
constexpr milliseconds kForCompletion{2'000};
constexpr milliseconds kForReceive{1'000};  // once the sender was told that it arrived
constexpr milliseconds kForControl{1'000};

constexpr uint32_t kSizes[] = {64, 1024, 4096, kDataBuffer};
constexpr uint32_t kRdmaBytes = 4096;

void fill_with_chance(std::span<uint8_t> bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = getrandom(&bytes[done], bytes.size() - done, GRND_NONBLOCK);
    if (got <= 0) break;  // early in boot: what is there differs from zeros all the same
    done += static_cast<size_t>(got);
  }
  for (; done < bytes.size(); ++done) bytes[done] = static_cast<uint8_t>(done * 7 + 1);
}

bool same(std::span<const uint8_t> a, std::span<const uint8_t> b, uint32_t bytes) {
  return std::equal(a.begin(), a.begin() + bytes, b.begin());
}

}  // namespace

bool arrived(const DataTransfer& transfer) {
  return transfer.status == 0 && transfer.received != false && transfer.equal == true;
}

bool Exchange::keep(const Result<Done>& done) {
  if (!done && !error_) error_ = done.error();
  return done.ok();
}

std::optional<DataCompletion> Exchange::await(uint64_t id, milliseconds limit) {
  constexpr std::chrono::microseconds kBetween{20};
  const Clock::time_point end = std::min(stop_, Clock::now() + limit);
  while (true) {
    const Result<std::optional<DataCompletion>> next = path_.poll();
    if (!next && !error_) error_ = next.error();
    if (!next) return std::nullopt;
    if (*next) seen_[(*next)->id] = **next;
    const auto found = seen_.find(id);
    if (found != seen_.end()) {
      const DataCompletion completion = found->second;
      seen_.erase(found);
      return completion;
    }
    if (*next) continue;
    if (Clock::now() >= end) return std::nullopt;
    std::this_thread::sleep_for(kBetween);
  }
}

Result<Done> Exchange::post(Way way, uint64_t id, uint32_t bytes) {
  switch (way) {
    case Way::kSend:
      return path_.send(id, bytes, DataTarget::kSelf);
    case Way::kRead:
      return path_.read(id, bytes, DataTarget::kSelf);
    case Way::kWrite:
      return path_.write(id, bytes, DataTarget::kSelf);
    case Way::kControl:
      return path_.send(id, bytes, DataTarget::kEnded);
    case Way::kPeer:
      return path_.send(id, bytes, DataTarget::kPeer);
  }
  return Done{};
}

uint64_t Exchange::expect(uint32_t bytes) {
  std::fill(path_.received().begin(), path_.received().end(), uint8_t{0});
  keep(path_.post_receive(++last_id_, bytes));
  return last_id_;
}

void Exchange::finish_receive(uint64_t id, DataTransfer& transfer) {
  const std::optional<DataCompletion> receive = await(id, kForReceive);
  transfer.received = receive && receive->status == 0 && receive->bytes == transfer.bytes;
}

DataTransfer Exchange::move(Way way, uint32_t bytes) {
  constexpr const char* kKinds[] = {"send", "read", "write", "control", "send"};
  DataTransfer transfer{.kind = kKinds[static_cast<size_t>(way)], .bytes = bytes};
  fill_with_chance(path_.sent().first(bytes));
  uint64_t receive = 0;
  if (way == Way::kSend) {
    receive = expect(bytes);
  } else if (way == Way::kRead || way == Way::kWrite) {
    std::fill(path_.received().begin(), path_.received().end(), uint8_t{0});
  }
  const uint64_t id = ++last_id_;
  if (error_ || !keep(post(way, id, bytes))) return transfer;
  const auto done = await(id, way == Way::kControl ? kForControl : kForCompletion);
  if (!done) return transfer;
  transfer.status = done->status;
  transfer.vendor_error = done->vendor_error;
  if (done->status != 0 || way == Way::kControl || way == Way::kPeer) return transfer;
  if (way == Way::kSend) finish_receive(receive, transfer);
  transfer.equal = same(path_.sent(), path_.received(), bytes);
  return transfer;
}

std::vector<DataTransfer> Exchange::to_itself() {
  std::vector<DataTransfer> transfers;
  const auto goes_on = [&](Way way, uint32_t bytes) {
    const DataTransfer transfer = move(way, std::min(bytes, path_.max_message_bytes()));
    if (!error_) transfers.push_back(transfer);
    return !error_ && arrived(transfer);
  };
  for (const uint32_t size : kSizes) {
    if (!goes_on(Way::kSend, size)) return transfers;
  }
  if (path_.reads() && !goes_on(Way::kRead, kRdmaBytes)) return transfers;
  if (path_.writes() && !goes_on(Way::kWrite, kRdmaBytes)) return transfers;
  goes_on(Way::kControl, kSizes[0]);
  return transfers;
}

DataTransfer Exchange::to_peer(uint32_t bytes) {
  return move(Way::kPeer, bytes);
}

}  // namespace efa
