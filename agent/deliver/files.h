// Files that readers never see half written: written beside, synced, renamed.
#pragma once

#include <string>

#include "probes/protocol/result.h"

namespace efa {

Result<Done> write_file(const std::string& path, const std::string& text, unsigned mode);
// What killed writers of that file left beside it. Only where no other one writes it meanwhile.
void remove_unfinished(const std::string& path);
Result<std::string> read_file(const std::string& path, size_t limit);

}  // namespace efa
