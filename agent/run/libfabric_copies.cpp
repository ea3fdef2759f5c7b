#include "agent/run/libfabric_copies.h"

#include <filesystem>
#include <set>

#include "probes/protocol/installer_files.h"

namespace efa {

std::vector<Launch> for_each_libfabric(const Launch& system) {
  std::vector<Launch> launches{system};
  std::set<std::string> real;  // lib64 may be a link to lib
  for (const char* directory : kInstallerLibraries) {
    std::error_code error;
    const auto library =
        std::filesystem::canonical(std::string(directory) + "/libfabric.so.1", error);
    if (error || !real.insert(library.string()).second) continue;
    Launch other = system;
    other.name += std::string(":") + directory;
    other.environment.push_back(std::string("LD_LIBRARY_PATH=") + directory);
    launches.push_back(std::move(other));
  }
  return launches;
}

}  // namespace efa
