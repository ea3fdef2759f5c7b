// The daemon: waits for time and for events, and starts a pass as a process of its own. It holds
// no library that a pass needs, so that it stays small, and what goes wrong in a pass ends with it.
#pragma once

#include <optional>
#include <string>

namespace efa {

struct WatchOptions {
  std::string config_path;
  bool config_required = false;
  std::string efa_doctor;          // the executable of a pass
  std::optional<int> accepted_fd;  // of one that renewed itself: a configuration to go on with
};

// Runs until SIGTERM; returns the exit code.
int run_watch(const WatchOptions& options);

}  // namespace efa
