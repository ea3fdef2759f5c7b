// Deliveries to S3, each a process: one at a time, in the time between passes.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/watch/accepted_config.h"
#include "agent/watch/daemon_child.h"

namespace efa {

class Deliveries {
 public:
  // `ended` is called after each.
  Deliveries(std::string efa_doctor, const AcceptedConfig& config, std::function<void()> ended);

  void listen(sd_event* loop) { loop_ = loop; }
  // Once a pass has ended, until the next; what is then left, the next one sends. After a pass that
  // somebody asked for it does not keep to the pauses that earlier tries decided on.
  void start(int64_t now_ms, bool requested);
  // What start() put off while another ran.
  void start_if_asked(int64_t now_ms);
  // The daemon ends at `until_ms`.
  void start_last(int64_t now_ms, int64_t until_ms);
  // It may be waiting; what it has not sent is sent later.
  void end_soon(int64_t now_ms);
  void check_limit(int64_t now_ms);

  [[nodiscard]] const DaemonChild& child() const { return child_; }

 private:
  void run(int64_t limit_s, bool patient, int64_t now_ms);
  void take_end(int status);

  std::string efa_doctor_;
  const AcceptedConfig& config_;
  std::function<void()> ended_;
  sd_event* loop_ = nullptr;
  DaemonChild child_{[this](int status) { take_end(status); }};
  bool again_ = false;  // somebody asked while one ran
};

}  // namespace efa
