// What a daemon needs of a configuration beyond what every command does: config-check asks it too.
#pragma once

#include <string>

#include "agent/config/config.h"

namespace efa {

// One late pass must not make the verdict stale.
Result<Done> check_for_daemon(const Config& config, const std::string& path);

}  // namespace efa
