#include "agent/pair/device_end.h"

#include <linux/capability.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "agent/pair/wire.h"
#include "probes/aws/digest.h"
#include "probes/base/rights.h"
#include "probes/base/text.h"
#include "probes/data/holders.h"

namespace efa {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// As the driver of Linux 7 names those after the first eight.
constexpr const char* kPairCounters[] = {"tx_bytes",
                                         "tx_pkts",
                                         "rx_bytes",
                                         "rx_pkts",
                                         "rx_drops",
                                         "send_bytes",
                                         "recv_bytes",
                                         "rdma_write_bytes",
                                         "rdma_write_recv_bytes",
                                         "rdma_read_bytes",
                                         "retrans_bytes",
                                         "retrans_pkts",
                                         "retrans_timeout_events",
                                         "unresponsive_remote_events",
                                         "impaired_remote_conn_events"};

constexpr milliseconds kForReceive{1'000};  // once the sender was told that it arrived
constexpr milliseconds kForNobody{50};      // when it was not

std::string digest_of(std::span<const uint8_t> bytes, uint64_t count) {
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  return to_hex(sha256({text, std::min<uint64_t>(count, bytes.size())}));
}

}  // namespace

void find_users(const PairGround& ground, const PairDevice& device, PairAnswer& answer) {
  constexpr size_t kMost = 16;
  const Holders holders =
      find_holders(ground.root, efa_device_nodes(ground.root), Clock::time_point::max());
  const auto held = holders.of.find(device.address);
  if (held != holders.of.end()) answer.holders = held->second;
  if (answer.holders.size() > kMost) answer.holders.resize(kMost);
  answer.users_unseen = holders.cut && answer.holders.empty();
}

void DeviceEnd::keep_error(PairAnswer& answer) const {
  const std::optional<Error>& error = exchange_->error();
  if (error) answer.failed = {error->where, error->what, error->os_error};
}

// A device that somebody uses, or may use, is left alone.
bool DeviceEnd::may_take_device(PairAnswer& answer) {
  out_.doing("list processes");
  find_users(ground_, device_, answer);
  if (!answer.holders.empty() || answer.users_unseen) return false;
  if (ground_.lock_directory.empty()) return true;
  Result<FileLock> lock =
      FileLock::try_for(ground_.lock_directory + "/data-" + device_.address.to_text() + ".lock");
  answer.other_test = !lock && lock.error().kind == ErrorKind::kTimedOut;
  if (lock) lock_.emplace(std::move(*lock));
  return !answer.other_test;
}

bool DeviceEnd::prepare(PairAnswer& answer) {
  for (const auto& [step, call] : Words<DataStep>::kTable) {
    out_.doing(path_->call(step));
    const Result<Done> done = path_->take(step);
    if (done) continue;
    answer.failed = unseen_of(done.error());
    return false;
  }
  return true;
}

void DeviceEnd::set_up(const PairOrder& order, PairAnswer& answer) {
  if (!may_take_device(answer)) return;
  give_up_capabilities(CAP_IPC_LOCK);  // as jobs of root have it
  answer.lockable = lockable_bytes();
  answer.counters = counters_.read(kPairCounters);
  DataShape shape;
  shape.buffer = std::max<size_t>(order.bytes, kDataBuffer);
  shape.depth = kPairDepth;
  answer.library = ground_.library.file();
  answer.version = ground_.library.version();
  path_ = ground_.library.path_of(device_.name, shape);
  if (!prepare(answer)) return;
  exchange_.emplace(*path_, Clock::time_point::max());
  traffic_.emplace(*path_);
  answer.address = to_pair(path_->address());
  answer.mtu = path_->max_message_bytes();
  answer.max_rdma = path_->max_rdma_bytes();
  answer.reads = path_->reads();
  answer.writes = path_->writes();
}

void DeviceEnd::reach(const PairOrder& order, PairAnswer& answer) {
  const auto address = order.address ? from_pair(*order.address) : std::nullopt;
  if (!address) return;
  out_.doing(path_->call(DataStep::kAddress));
  const Result<Done> done = path_->reach(*address);
  reached_ = done.ok();
  if (!done) answer.failed = unseen_of(done.error());
}

void DeviceEnd::receive(const PairOrder& order, PairAnswer& answer) {
  receive_ = exchange_->expect(static_cast<uint32_t>(order.bytes));
  keep_error(answer);
}

void DeviceEnd::send(const PairOrder& order, PairAnswer& answer) {
  out_.doing("a message to the peer");
  answer.transfer = exchange_->to_peer(static_cast<uint32_t>(order.bytes));
  answer.digest = digest_of(path_->sent(), order.bytes);
  keep_error(answer);
  if (answer.failed) answer.transfer.reset();
}

void DeviceEnd::finish_receive(const PairOrder& order, PairAnswer& answer) {
  const auto came = exchange_->await(receive_, order.sent ? kForReceive : kForNobody);
  DataTransfer transfer{.kind = "receive", .bytes = static_cast<uint32_t>(order.bytes)};
  if (came) transfer.status = came->status;
  if (came) transfer.vendor_error = came->vendor_error;
  transfer.received = came && came->status == 0 && came->bytes == order.bytes;
  answer.transfer = transfer;
  answer.digest = digest_of(path_->received(), order.bytes);
  keep_error(answer);
}

// The first answer says that it is ready; what came of it is asked for later.
void DeviceEnd::go_on(PairStep step, const PairOrder& order, PairAnswer& answer) {
  const auto ready = [&] {
    out_.line(to_value(answer));
    told_ = true;
  };
  went_on_ = PairAnswer{.step = word_of(PairStep::kEnded)};
  if (step == PairStep::kEcho) {
    traffic_->echo(order, went_on_, ready);
  } else {
    traffic_->sink(order, went_on_, ready);
  }
  if (!told_) answer.failed = went_on_.failed;
}

void DeviceEnd::lead(PairStep step, const PairOrder& order, PairAnswer& answer) {
  if (step == PairStep::kPing) {
    traffic_->ping(order, answer);
  } else if (step == PairStep::kStream) {
    traffic_->stream(order, answer);
  } else {
    traffic_->move_memory(order, answer, step == PairStep::kWrite);
  }
  answer.digest =
      digest_of(step == PairStep::kRead ? path_->received() : path_->sent(), order.bytes);
}

void DeviceEnd::act_on_path(PairStep step, const PairOrder& order, PairAnswer& answer) {
  switch (step) {
    case PairStep::kReach:
      return reach(order, answer);
    case PairStep::kReceive:
      return receive(order, answer);
    case PairStep::kSend:
      return send(order, answer);
    case PairStep::kReceived:
      return finish_receive(order, answer);
    case PairStep::kDigest:
      answer.digest = digest_of(path_->received(), order.bytes);
      return;
    case PairStep::kEcho:
    case PairStep::kSink:
      return go_on(step, order, answer);
    case PairStep::kPing:
    case PairStep::kStream:
    case PairStep::kWrite:
    case PairStep::kRead:
      return lead(step, order, answer);
    default:
      return;
  }
}

// An order comes from the other node: nothing of it may lead beyond what was set up.
const char* DeviceEnd::why_not_now(PairStep step, const PairOrder& order) const {
  if (!traffic_) return "nothing is set up";
  if (order.bytes > path_->sent().size()) return "it was set up for fewer bytes";
  const bool alone = step == PairStep::kReach || step == PairStep::kReceive ||
                     step == PairStep::kReceived || step == PairStep::kDigest;
  return alone || reached_ ? nullptr : "no peer was named";
}

void DeviceEnd::act(const PairOrder& order) {
  const auto step = pair_step(order.step);
  if (!step) return;
  told_ = false;
  PairAnswer answer{.step = order.step};
  if (*step == PairStep::kSetup) {
    set_up(order, answer);
  } else if (*step == PairStep::kCounters) {
    counters_.outlive();
    answer.counters = counters_.read(kPairCounters);
  } else if (*step == PairStep::kEnded) {
    answer = std::exchange(went_on_, PairAnswer{});
    answer.step = order.step;
  } else if (const char* why = why_not_now(*step, order)) {
    answer.failed = {order.step, why, 0};
  } else {
    out_.doing(order.step);
    act_on_path(*step, order, answer);
  }
  if (!told_) out_.line(to_value(answer));
}

int run_device_end(const PairGround& ground, const PairDevice& device, int socket) {
  const Emitter out(socket);
  DeviceEnd end(ground, device, out);
  constexpr milliseconds kBetweenCalls{1};
  Lines lines(kLongestPairLine);
  char buffer[4096];
  while (true) {
    const Result<std::optional<std::string>> line = lines.next();
    if (!line) return 1;
    if (*line) {
      const Result<Value> value = parse_json(**line, "an order");
      const Result<PairOrder> order =
          value ? from_value<PairOrder>(*value, "an order") : Result<PairOrder>(value.error());
      if (!order || pair_step(order->step) == PairStep::kRelease) return order ? 0 : 1;
      end.act(*order);
      continue;
    }
    while (end.go_on() && !is_readable_within(socket, kBetweenCalls)) continue;
    const ssize_t count = read(socket, buffer, sizeof buffer);
    if (count <= 0) return 0;
    lines.take({buffer, static_cast<size_t>(count)});
  }
}

}  // namespace efa
