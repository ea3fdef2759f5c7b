// Files that readers never see half written: written beside, synced, renamed.
#pragma once

#include <chrono>
#include <string>

#include "probes/protocol/result.h"

namespace efa {

Result<Done> write_file(const std::string& path, const std::string& text, unsigned mode);
// What killed writers of that file left beside it, when it has lain there for so long: younger, it
// may be another writer's at work.
void remove_unfinished(const std::string& path, std::chrono::seconds older_than);
Result<std::string> read_file(const std::string& path, size_t limit);

}  // namespace efa
