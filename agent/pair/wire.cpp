#include "agent/pair/wire.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "agent/pair/protocol.h"

namespace efa {
namespace {

using std::chrono::milliseconds;

constexpr const char* kConnection = "control connection";
constexpr milliseconds kBetweenBeats{500};
constexpr milliseconds kSilence{4'000};  // who is gone is said within 5 s
constexpr milliseconds kForSending{4'000};

Error gone(const char* how) {
  return {ErrorKind::kNotFound, kConnection, how};
}

bool is_beat(const Value& line) {
  return line.find("alive") != nullptr;
}

}  // namespace

Result<std::optional<std::string>> Lines::next() {
  const size_t end = unread_.find('\n');
  if (std::min(end, unread_.size()) > longest_) {
    return Error{ErrorKind::kTooLarge, kConnection, "a line is longer than 64 KiB"};
  }
  if (end == std::string::npos) return std::optional<std::string>();
  std::string line = unread_.substr(0, end);
  unread_.erase(0, end + 1);
  return std::optional(std::move(line));
}

Wire::Wire(Fd socket)
    : socket_(std::move(socket)),
      lines_(kLongestPairLine),
      said_(Clock::now()),
      heard_(Clock::now()) {
  fcntl(socket_.get(), F_SETFL, fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
  const int at_once = 1;
  setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
}

void Wire::begin_to_beat() {
  beats_ = true;
  said_ = heard_ = Clock::now();
}

Result<Done> Wire::send_line(std::string line) {
  line += '\n';
  std::string_view rest = line;
  const Clock::time_point end = Clock::now() + kForSending;
  while (!rest.empty()) {
    const ssize_t count = send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      rest.remove_prefix(static_cast<size_t>(count));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return gone("it was closed by the other end");
    const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
    if (left.count() <= 0) return gone("the other end reads nothing");
    pollfd wait{socket_.get(), POLLOUT, 0};
    poll(&wait, 1, static_cast<int>(left.count()));
  }
  said_ = Clock::now();
  return Done{};
}

Result<Done> Wire::read_what_is_there() {
  char buffer[16384];
  const ssize_t count = recv(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
  if (count > 0) {
    lines_.take({buffer, static_cast<size_t>(count)});
    heard_ = Clock::now();
    return Done{};
  }
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return Done{};
  ended_ = true;
  return gone("it was closed by the other end");
}

Result<Done> Wire::check_silence() const {
  if (!beats_ || Clock::now() - heard_ < kSilence) return Done{};
  return gone("the other end has said nothing for 4 s");
}

// Beats are left out.
Result<std::optional<Value>> Wire::next_of_substance() {
  while (true) {
    const Result<std::optional<std::string>> line = lines_.next();
    if (!line) return line.error();
    if (!*line) return std::optional<Value>();
    Result<Value> value = parse_json(**line, kConnection);
    if (!value) return value.error();
    if (!is_beat(*value)) return std::optional(std::move(*value));
  }
}

Result<Value> Wire::hear(Clock::time_point end) {
  if (early_) {
    Value value = std::move(*early_);
    early_.reset();
    return value;
  }
  while (true) {
    Result<std::optional<Value>> value = next_of_substance();
    if (!value) return value.error();
    if (*value) return std::move(**value);
    if (ended_) return gone("it was closed by the other end");
    if (Clock::now() >= end) {
      return Error{ErrorKind::kTimedOut, kConnection, "no line came in time"};
    }
    const Result<Done> alive = beat();
    if (early_) return hear(end);
    if (!alive) return alive.error();
    const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
    if (!is_readable_within(socket_.get(),
                            std::min(std::max(left, milliseconds(0)), kBetweenBeats)))
      continue;
    (void)read_what_is_there();  // what came before its end is still given
  }
}

Result<Done> Wire::beat() {
  if (beats_ && Clock::now() - said_ >= kBetweenBeats) {
    Value alive;
    alive.set("alive", true);
    Result<Done> said = say(alive);
    if (!said) return said;
  }
  if (early_) return Done{};
  if (is_readable_within(socket_.get(), milliseconds(0))) {
    Result<Done> read = read_what_is_there();
    Result<std::optional<Value>> value = next_of_substance();
    if (!value) return value.error();
    if (*value) early_ = std::move(**value);
    if (!read && !early_) return read;
  }
  return check_silence();
}

// A socket that is closed before all was read takes back what was said on it: tcp(7).
void Wire::end() {
  constexpr milliseconds kAtMost{500};
  constexpr size_t kMostBytes = size_t{1} * 1024 * 1024;
  shutdown(socket_.get(), SHUT_WR);
  const Clock::time_point end = Clock::now() + kAtMost;
  char buffer[16384];
  for (size_t bytes = 0; bytes < kMostBytes && Clock::now() < end;) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
    if (!is_readable_within(socket_.get(), left)) return;
    const ssize_t count = recv(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (count <= 0) return;
    bytes += static_cast<size_t>(count);
  }
}

}  // namespace efa
