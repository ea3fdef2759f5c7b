// What a pass leaves on local disk for others: the report, the ring of older ones, the health file
// and the metrics.
#pragma once

#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/config/paths.h"
#include "agent/report/report.h"

namespace efa {

// Directories in which another user decides what is read as ours or run, with that user: for
// config-check. Writing there harms nobody.
std::vector<std::string> who_else_decides(const Config& config);
// Of each directory whose path is that of something else, at its setting.
std::vector<Error> check_directories(const Config& config);

// Logs what could not be kept: a full disk is no sick node. `newest_begun`: the highest number that
// a pass has by now; what a newer pass has told is not replaced.
void deliver_local(const FilesConfig& files, const Report& report, int64_t newest_begun);

}  // namespace efa
