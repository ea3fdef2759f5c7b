// What a daemon needs of a configuration beyond what every command does: config-check asks it too.
#pragma once

#include <vector>

#include "agent/config/config.h"

namespace efa {

// One late pass must not make the verdict stale. Told of the setting that is not at its default.
std::vector<Error> check_for_daemon(const Config& config);

}  // namespace efa
