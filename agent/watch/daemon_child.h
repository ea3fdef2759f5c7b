// A process that the daemon starts: a pass, a delivery. It dies with the daemon, and nothing of it
// is left in the daemon when it has ended.
#pragma once

#include <signal.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/result.h"

namespace efa {

// After a limit that it keeps itself: one that still runs then does not end by itself.
inline constexpr int64_t kBeyondLimitMs = 5'000;

struct Handed {
  int config_fd = -1;  // stays open: /proc/self/fd/<config_fd> is the child's configuration
  int stdout_fd = -1;  // takes what it prints; without it nobody does
};

class DaemonChild {
 public:
  // The status as waitpid(2) gives it.
  using Ended = std::function<void(int status)>;

  explicit DaemonChild(Ended ended) : ended_(std::move(ended)) {}
  DaemonChild(const DaemonChild&) = delete;
  DaemonChild& operator=(const DaemonChild&) = delete;
  ~DaemonChild() { sd_event_source_unref(source_); }

  // One that the loop cannot take is killed: nobody would see its end.
  Result<Done> start(sd_event* loop, const std::vector<std::string>& command, Handed handed);
  // To the child and what is in its group.
  void signal(int number) const;

  // It must have ended by then (CLOCK_MONOTONIC).
  void set_limit(int64_t at_ms);
  enum class Overdue { kNo, kKilled, kHeld };  // just now; kHeld: the kernel does not let it die
  Overdue check_limit(int64_t now_ms);
  // When that is worth a look.
  [[nodiscard]] std::optional<int64_t> limit_ms() const;

  [[nodiscard]] bool running() const { return running_; }
  // Of the newest, also once it has ended: the loop reaps it a moment later.
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  static int on_exit(sd_event_source* source, const siginfo_t* info, void* self);

  Ended ended_;
  pid_t pid_ = -1;
  bool running_ = false;
  int64_t limit_ms_ = 0;
  enum class Kill { kNot, kSent, kInVain } kill_ = Kill::kNot;
  sd_event_source* source_ = nullptr;
};

}  // namespace efa
