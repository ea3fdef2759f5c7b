// Where things lie: what is installed beside the agent, and what a pass leaves.
#pragma once

#include <string>

#include "agent/config/config.h"

namespace efa {

// The directory of the probes beside the running executable; "" when there is none.
std::string find_libexec();

std::string state_path(const FilesConfig& files);
std::string report_path(const FilesConfig& files);
std::string health_path(const FilesConfig& files);

// Where the directory is missing: as the package's efa-doctor.tmpfiles has it, so that the group
// efa-doctor can read what root keeps there.
void make_state_directory(const FilesConfig& files);

}  // namespace efa
