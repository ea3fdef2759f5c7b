// Passes, each a process: one at a time. What one leaves behind ends with it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/report/trigger.h"
#include "agent/run/adopted.h"
#include "agent/watch/accepted_config.h"
#include "agent/watch/daemon_child.h"
#include "agent/watch/told.h"

namespace efa {

// How a pass ended.
struct EndedPass {
  std::optional<Told> told;  // its verdict; absent: it ended badly
  std::string how;           // then
};

class Passes {
 public:
  // `ended` is called after each.
  Passes(std::string efa_doctor, const AcceptedConfig& config,
         std::function<void(const EndedPass&)> ended);

  void listen(sd_event* loop) { loop_ = loop; }
  Result<Done> start(Trigger trigger, bool data, int64_t now_ms);
  // It is given up.
  void give_up() { child_.signal(SIGKILL); }
  // kHeld: the kernel does not let it die, and no other is made until it does.
  DaemonChild::Overdue check_limit(int64_t now_ms);
  // What was left by one that was killed: one that ends by itself has seen to it. `delivery` is
  // another child of the daemon.
  void end_what_was_left(pid_t delivery);

  [[nodiscard]] const DaemonChild& child() const { return child_; }

 private:
  void take_end(int status);

  std::string efa_doctor_;
  const AcceptedConfig& config_;
  std::function<void(const EndedPass&)> ended_;
  sd_event* loop_ = nullptr;
  Adoption adoption_;
  std::optional<ChildOutput> output_;  // of the one that runs
  DaemonChild child_{[this](int status) { take_end(status); }};
};

}  // namespace efa
