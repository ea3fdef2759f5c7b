// What a pass leaves on local disk: the report, the health file, the state for the next pass.
#pragma once

#include <string>

#include "agent/cli/config.h"
#include "agent/report/report.h"

namespace efa {

std::string state_path(const Config& config);
std::string report_path(const Config& config);
std::string health_path(const Config& config);

// Logs what could not be kept: a full disk is no sick node.
void deliver_local(const Config& config, const Report& report);

}  // namespace efa
