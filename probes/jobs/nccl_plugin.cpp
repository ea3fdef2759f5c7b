#include "probes/jobs/nccl_plugin.h"

#include <algorithm>

#include "probes/base/text.h"

namespace efa {
namespace {

constexpr size_t kMaxDirectories = 64;  // an LD_LIBRARY_PATH of many modules has some 40
constexpr size_t kMaxMapped = 4;        // a process has one NCCL

constexpr const char* kNames[] = {"libnccl-net.so", "libnccl-net-ofi.so"};

std::string parent_of(std::string_view path) {
  return std::string(path.substr(0, path.rfind('/')));
}

// Where the loader looks for that process; nothing where a part of it is not known.
std::optional<std::vector<std::string>> directories_of(const Sysroot& root,
                                                       const std::string& process,
                                                       const MappedNccl& mapped,
                                                       std::string_view library_path) {
  const auto program = root.link(process + "/exe");
  const auto own = root.link(process + "/cwd");
  std::vector<std::string> directories = mapped.directories;
  if (program) directories.push_back(parent_of(parent_of(*program)) + "/lib");
  if (library_path.empty()) return directories;
  const std::vector<std::string> parts =
      split(replaced(std::string(library_path), ";", ":"), ':');  // ld.so takes both
  if (parts.size() > kMaxDirectories) return std::nullopt;
  for (const std::string& part : parts) {
    const bool relative = !part.starts_with('/');
    if (part.find('$') != std::string::npos || (relative && !own)) return std::nullopt;
    const std::string below = part.empty() ? "" : "/" + part;
    directories.push_back(relative ? *own + below : part);
  }
  return directories;
}

}  // namespace

void MappedNccl::take(std::string_view line) {
  const size_t start = line.find('/');
  if (start == std::string_view::npos) return;
  const std::string_view path = line.substr(start);
  const std::string_view file = path.substr(path.rfind('/') + 1);
  plugin = plugin || file.starts_with("libnccl-net");
  if (!file.starts_with("libnccl.so")) return;
  nccl = true;
  const std::string directory = parent_of(path);
  const bool known = is_one_of(directory, directories);
  if (!known && directories.size() < kMaxMapped) directories.push_back(directory);
}

bool any_is_of_nccl(const std::vector<std::string>& settings) {
  return std::any_of(settings.begin(), settings.end(), [](const std::string& setting) {
    return setting.starts_with("NCCL_") || setting.starts_with("OFI_NCCL_");
  });
}

std::optional<bool> finds_nccl_plugin(const Sysroot& root, int pid, const MappedNccl& mapped,
                                      std::string_view library_path) {
  if (mapped.plugin) return true;
  if (!mapped.whole) return std::nullopt;
  const std::string process = "/proc/" + std::to_string(pid);
  const auto directories = directories_of(root, process, mapped, library_path);
  if (!directories) return std::nullopt;
  bool all_seen = true;
  for (const std::string& directory : *directories) {
    for (const char* name : kNames) {
      const auto status = root.status(directory + "/" + name);
      if (status) return true;
      all_seen = all_seen && status.error().kind == ErrorKind::kNotFound;
    }
  }
  return all_seen ? std::optional(false) : std::nullopt;
}

}  // namespace efa
