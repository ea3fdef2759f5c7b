#include "agent/deliver/s3/settings.h"

namespace efa {

std::string spool_directory(const FilesConfig& files) {
  return files.state_directory + "/spool";
}

std::string delivery_state_path(const FilesConfig& files) {
  return files.state_directory + "/delivery.json";
}

Spool spool_of(const Config& config) {
  SpoolBounds bounds;
  bounds.count = static_cast<size_t>(config.s3.spool_count);
  bounds.bytes = static_cast<uint64_t>(config.s3.spool_mib) * 1024 * 1024;
  return {spool_directory(config.files), bounds};
}

}  // namespace efa
