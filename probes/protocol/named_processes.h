// Processes by the name that they have in /proc/<pid>/comm: proc_pid_comm(5).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/unseen.h"
#include "probes/protocol/probe_main.h"

namespace efa {

struct NamedProcess {
  int pid = 0;
  std::string name;  // the kernel keeps 15 characters
};

struct NamedProcesses {
  std::vector<NamedProcess> found;
  bool shows_first = false;      // process 1, which hidepid of proc(5) hides with those of others
  std::optional<Unseen> unseen;  // why not all were looked at
};

// Any user can start many, so it takes no more than half of the time that is left. Of others not
// even the name is kept: it is any text that they choose. Ends with as many as `most`.
NamedProcesses named_processes(
    const Look& look, const std::function<bool(int pid, const std::string& name)>& is_wanted,
    size_t most = SIZE_MAX);

}  // namespace efa
