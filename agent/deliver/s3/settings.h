// Where what waits for S3 is kept.
#pragma once

#include <string>

#include "agent/config/config.h"
#include "agent/deliver/s3/spool.h"

namespace efa {

std::string spool_directory(const FilesConfig& files);
std::string delivery_state_path(const FilesConfig& files);
Spool spool_of(const Config& config);

}  // namespace efa
