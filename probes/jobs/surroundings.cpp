#include "probes/jobs/surroundings.h"

#include <algorithm>

#include "probes/jobs/settings.h"

namespace efa {
namespace {

constexpr size_t kMaxMaps = size_t{8} * 1024 * 1024;  // vm.max_map_count allows 65530 lines
constexpr size_t kMaxLibraries = 8;                   // two are the rule

Reading<std::vector<std::string>> read_libraries(const Sysroot& root, const std::string& process,
                                                 MappedNccl& nccl) {
  std::vector<std::string> libraries;
  const auto take = [&](const std::string& line) {
    nccl.take(line);
    const auto library = mapped_library(line);
    const bool is_new =
        library && std::find(libraries.begin(), libraries.end(), *library) == libraries.end();
    if (is_new && libraries.size() < kMaxLibraries) libraries.push_back(*library);
    return false;  // what else is mapped is kept nowhere
  };
  const auto read = root.read_lines(process + "/maps", take, kMaxMaps);
  nccl.whole = read.ok();
  if (!read && libraries.empty()) return reading_of<std::vector<std::string>>(read.error());
  return libraries;
}

std::optional<bool> read_own_root(const Sysroot& root, const std::string& process) {
  const auto its = root.status(process + "/root");
  const auto ours = root.status("/");
  if (!its || !ours) return std::nullopt;
  return its->inode != ours->inode || its->file_system != ours->file_system;
}

Reading<SharedMemory> read_shared_memory(const Sysroot& root, const std::string& process) {
  if (!root.live()) return std::nullopt;  // a sysroot's /dev/shm lies on this machine's file system
  const std::string path = process + "/root/dev/shm";
  // an absolute link would lead to this process's own
  if (root.link(path)) return Unseen{path, "it is a symbolic link", 0};
  const auto space = root.space(path);
  if (!space) return reading_of<SharedMemory>(space.error());
  return SharedMemory{space->total_kib, space->free_kib};
}

}  // namespace

Surroundings read_surroundings(const Sysroot& root, int pid) {
  const std::string process = "/proc/" + std::to_string(pid);
  Surroundings seen;
  seen.own_root = read_own_root(root, process);
  seen.libraries = read_libraries(root, process, seen.nccl);
  seen.shared_memory = read_shared_memory(root, process);
  return seen;
}

}  // namespace efa
