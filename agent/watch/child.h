// A process that the daemon starts: a pass, a delivery. It dies with the daemon.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "probes/protocol/result.h"

namespace efa {

// `config_fd` is handed on: /proc/self/fd/<config_fd> is the child's configuration.
Result<pid_t> start_child(const std::vector<std::string>& command, int config_fd);

}  // namespace efa
