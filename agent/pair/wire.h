// JSON lines over a socket, each bounded in bytes and in time. The two ends of a test also say at
// short intervals that they live, so that one whose machine is gone, and sends no end, is noticed.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "probes/base/describe.h"
#include "probes/base/fd.h"
#include "probes/base/result.h"

namespace efa {

// Bytes as they come, given out line by line.
class Lines {
 public:
  explicit Lines(size_t longest) : longest_(longest) {}

  void take(std::string_view bytes) { unread_ += bytes; }
  // The next whole one; kTooLarge when what is there cannot become one.
  Result<std::optional<std::string>> next();

 private:
  size_t longest_;
  std::string unread_;
};

class Wire {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kForStep{10'000};

  // The socket does not block.
  explicit Wire(Fd socket);

  // From now on either end says that it lives, and one that does not is gone after kSilence.
  void begin_to_beat();

  template <class T>
  Result<Done> say(const T& line) {
    return send_line(render_json(to_value(line)));
  }
  // The next line of the peer's. kTooLarge, kMalformed (no JSON), kTimedOut; kNotFound: it is gone.
  Result<Value> hear(Clock::time_point end);
  // What is to be done while something else is waited for; an error when the peer is gone.
  Result<Done> beat();

  // Nothing more is said; what the peer still says is not read for long, so that it reads our last.
  void end();

  [[nodiscard]] int fd() const { return socket_.get(); }
  // A line of the peer's waits; until it is heard no other is read.
  [[nodiscard]] bool has_early() const { return early_.has_value(); }

 private:
  Result<Done> send_line(std::string line);
  Result<Done> read_what_is_there();
  Result<Done> check_silence() const;
  Result<std::optional<Value>> next_of_substance();

  Fd socket_;
  Lines lines_;
  bool beats_ = false;
  bool ended_ = false;
  Clock::time_point said_;
  Clock::time_point heard_;
  std::optional<Value> early_;  // came while something else was waited for
};

template <class T>
Result<T> hear_as(Wire& wire, Wire::Clock::time_point end) {
  const Result<Value> line = wire.hear(end);
  if (!line) return line.error();
  return from_value<T>(*line, "a line");
}

}  // namespace efa
