#include "agent/pair/ends.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "agent/pair/copies.h"
#include "agent/pair/fabric_end.h"
#include "agent/pair/pingpong.h"
#include "probes/base/process.h"

namespace efa {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kTimeToDie{200};
constexpr milliseconds kBetweenLooks{200};

PairAnswer gone(const std::string& step, const Error& error) {
  PairAnswer answer{.step = step};
  answer.gone = error.what;
  return answer;
}

}  // namespace

milliseconds limit_of(const PairOrder& order) {
  constexpr milliseconds kForStep{8'000};  // loops wait 3 s for a message that does not come
  return kForStep + milliseconds(order.ms);
}

const PairDevice* OwnEnd::device_at(int rail) const {
  const auto device = std::find_if(own_.devices.begin(), own_.devices.end(),
                                   [&](const PairDevice& one) { return one.rail == rail; });
  return device == own_.devices.end() ? nullptr : &*device;
}

// Here and not in the process that has the device: that one may not see others' files any more.
PairAnswer OwnEnd::look(const PairOrder& order) const {
  PairAnswer answer{.step = order.step};
  const PairDevice* device = device_at(order.rail);
  if (device != nullptr) find_users(ground_, *device, answer);
  return answer;
}

int OwnEnd::become(const PairOrder& order, const PairDevice& device, const Fd& socket) {
  socket_.reset();
  close(wire_.fd());  // one that the driver holds would keep it open
  if (order.copy == kNoCopy) return run_device_end(ground_, device, socket.get());
  const PairCopy& copy = own_.copies[static_cast<size_t>(order.copy)];
  if (order.step == word_of(PairStep::kSetup)) {
    return become_fabric_end(ground_, copy, device, socket);
  }
  return run_pingpong({copy, version_, device.name, order.bytes, host_}, socket);
}

std::optional<PairAnswer> OwnEnd::start(const PairOrder& order) {
  release();
  PairAnswer answer{.step = order.step};
  const PairDevice* device = device_at(order.rail);
  if (device == nullptr) {
    answer.failed = {"rail " + std::to_string(order.rail), "no such device", 0};
    return answer;
  }
  const bool may_have_none = order.step == word_of(PairStep::kSetup) && order.copy == kNoCopy;
  const bool has_copy = may_have_none || is_usable(own_.copies, order.copy);
  if (!has_copy) {
    answer.failed = {"libfabric " + std::to_string(order.copy), "no such copy", 0};
    return answer;
  }
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
    answer.failed = {"socketpair", system_error(errno, "").what, errno};
    return answer;
  }
  socket_.reset(sockets[0]);
  const Fd theirs(sockets[1]);
  Result<Child> process = start_child([&] { return become(order, *device, theirs); });
  if (!process) {
    answer.failed = unseen_of(process.error());
    return answer;
  }
  process_ = std::move(*process);
  lines_ = Lines(kLongestPairLine);
  doing_ = "start";
  return std::nullopt;
}

PairAnswer OwnEnd::ask(const PairOrder& order) {
  if (order.step == word_of(PairStep::kRelease)) {
    release();
    return {.step = order.step};
  }
  if (order.step == word_of(PairStep::kLook)) return look(order);
  const bool compares = order.step == word_of(PairStep::kCompare);
  if (compares || order.step == word_of(PairStep::kSetup)) {
    if (auto failed = start(order)) return *failed;
  }
  if (!socket_) {
    PairAnswer answer{.step = order.step};
    answer.failed = {order.step, "nothing is set up", 0};
    return answer;
  }
  if (compares) return await(order);  // nothing more is said to it
  const std::string line = render_json(to_value(order)) + "\n";
  const ssize_t sent = send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(line.size())) return end_of_ended(order.step);
  return await(order);
}

Result<std::optional<PairAnswer>> OwnEnd::take_answer() {
  while (true) {
    const Result<std::optional<std::string>> line = lines_.next();
    if (!line) return line.error();
    if (!*line) return std::optional<PairAnswer>();
    const Result<Value> value = parse_json(**line, "a device's process");
    if (!value) return value.error();
    if (value->find("doing") != nullptr) {
      doing_ = value->text("doing");
      continue;
    }
    Result<PairAnswer> answer = from_value<PairAnswer>(*value, "a device's process");
    if (!answer) return answer.error();
    return std::optional(std::move(*answer));
  }
}

PairAnswer OwnEnd::await(const PairOrder& order) {
  const Clock::time_point end = Clock::now() + limit_of(order);
  while (Clock::now() < end) {
    Result<std::optional<PairAnswer>> answer = take_answer();
    if (!answer) return end_of_ended(order.step);
    if (*answer) {
      if ((*answer)->version) version_ = *(*answer)->version;
      return std::move(**answer);
    }
    const Result<Done> alive = wire_.beat();
    if (!alive) {
      release();
      return gone(order.step, alive.error());
    }
    const std::vector<bool> readable =
        readable_within({socket_.get(), wire_.has_early() ? -1 : wire_.fd()}, kBetweenLooks);
    if (!readable[0]) continue;
    char buffer[16384];
    const std::string_view bytes = read_some(socket_, buffer);
    if (bytes.empty()) return end_of_ended(order.step);
    lines_.take(bytes);
  }
  return end_of_hung(order.step);
}

// What the driver holds outlives SIGKILL and is left to it.
PairAnswer OwnEnd::end_of_hung(const std::string& step) {
  PairAnswer answer{.step = step};
  answer.hung = doing_;
  release();
  return answer;
}

PairAnswer OwnEnd::end_of_ended(const std::string& step) {
  PairAnswer answer{.step = step};
  const std::optional<int> status = process_.wait(kTimeToDie);
  answer.ended = (status ? words_of_exit(*status) : std::string("it broke off")) + ", at " + doing_;
  release();
  return answer;
}

void OwnEnd::release() {
  socket_.reset();
  if (process_.pid() <= 0) return;
  if (!process_.wait(kTimeToDie)) {
    process_.kill(SIGKILL);
    if (!process_.wait(kTimeToDie)) process_.leave();
  }
  process_ = Child();
}

PairAnswer OtherEnd::ask(const PairOrder& order) {
  constexpr milliseconds kOnTheWay{2'000};
  const Result<Done> said = wire_.say(order);
  if (!said) return gone(order.step, said.error());
  const Result<PairAnswer> answer =
      hear_as<PairAnswer>(wire_, Clock::now() + limit_of(order) + kOnTheWay);
  if (!answer) return gone(order.step, answer.error());
  if (answer->step == order.step) return *answer;
  return gone(order.step, malformed("", "the other end answered something else"));
}

}  // namespace efa
