#include "probes/data/holders.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "probes/protocol/efa_functions.h"

namespace efa {
namespace {

constexpr std::chrono::milliseconds kForHolders{3'000};

// The agent and its other probes open devices too; one that the driver holds is one of theirs.
class OurOwn {
 public:
  explicit OurOwn(const Sysroot& root) : root_(root) {
    if (const auto own = executable(getpid())) probes_ = own->parent_path();
  }

  // What has ended since its files were looked at is no user either.
  [[nodiscard]] bool is_or_ended(int pid) const {
    const Result<std::filesystem::path> path = executable(pid);
    if (!path) return path.error().kind == ErrorKind::kNotFound;
    return path->filename() == "efa-doctor" || path->parent_path() == probes_;
  }

 private:
  [[nodiscard]] Result<std::filesystem::path> executable(int pid) const {
    constexpr std::string_view kReplaced = " (deleted)";  // by an update
    Result<std::string> path = root_.link("/proc/" + std::to_string(pid) + "/exe");
    if (!path) return path.error();
    if (path->ends_with(kReplaced)) path->resize(path->size() - kReplaced.size());
    return std::filesystem::path(*path);
  }

  const Sysroot& root_;
  std::filesystem::path probes_;  // where the executables of other probes are
};

}  // namespace

std::map<PciAddress, std::string> efa_devices(const Sysroot& root,
                                              const std::vector<std::string>& listed) {
  std::map<PciAddress, std::string> devices;
  for (const std::string& name : listed) {
    const auto address = pci_function_behind(root, "/sys/class/infiniband/" + name);
    if (address && is_efa_function(root, *address)) devices[*address] = name;
  }
  return devices;
}

Holders find_holders(const Sysroot& root, const std::map<std::string, PciAddress>& nodes,
                     std::chrono::steady_clock::time_point deadline) {
  Holders holders;
  const auto names = root.list("/proc", Sysroot::kManyProcesses);
  if (!names) return holders;
  OpenFiles files(
      root, [&](const std::string& path) { return nodes.contains(path); },
      std::min(std::chrono::steady_clock::now() + kForHolders, deadline));
  files.look_at(process_ids(*names));
  const OurOwn ours(root);
  for (const auto& [pid, paths] : files.found()) {
    if (ours.is_or_ended(pid)) continue;
    for (const std::string& path : paths) holders.of[nodes.at(path)].push_back(pid);
  }
  holders.all_seen = files.saw_all();
  holders.cut = files.late() > 0 || !files.too_many().empty();
  holders.unreadable = files.unreadable();
  return holders;
}

}  // namespace efa
