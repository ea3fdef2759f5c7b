// What a probe's process printed, taken line by line and never trusted: JSON lines as
// probes/protocol/emitter.h describes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/protocol/process.h"
#include "probes/protocol/value.h"

namespace efa {

class Transcript {
 public:
  static constexpr size_t kMaxOutput = size_t{8} * 1024 * 1024;
  static constexpr size_t kMaxLine = size_t{1} * 1024 * 1024;

  // Takes what was read; false when the output breaks a bound or the protocol: then it is cut off.
  bool take(std::string_view bytes);

  // The process itself is left behind: what it said is not asked for that.
  void leave(ProcessIdentity process) { left_.push_back(std::move(process)); }

  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] const std::string& step() const { return step_; }
  [[nodiscard]] const std::string& subject() const { return subject_; }
  [[nodiscard]] const std::string& broken() const { return broken_; }  // why it was cut off, or ""
  [[nodiscard]] const Value& facts() const { return facts_; }
  [[nodiscard]] const Array& findings() const { return findings_; }  // of a site's own probe
  [[nodiscard]] const std::vector<ProcessIdentity>& left() const { return left_; }
  [[nodiscard]] const std::string& looks() const { return looks_; }  // JSON lines for a recording
  [[nodiscard]] const std::string& said() const { return said_; }    // all other lines

 private:
  bool take_line(const std::string& line);
  void take_fact(const Value& line);

  std::string unread_;
  size_t taken_ = 0;
  size_t lines_ = 0;
  bool done_ = false;
  std::string step_;
  std::string subject_;
  std::string broken_;
  Value facts_ = Object{};
  Array findings_;
  std::vector<ProcessIdentity> left_;
  std::string looks_;
  std::string said_;
};

}  // namespace efa
