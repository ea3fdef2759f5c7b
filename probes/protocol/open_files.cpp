#include "probes/protocol/open_files.h"

#include <algorithm>

#include "probes/base/text.h"
#include "probes/protocol/efa_functions.h"

namespace efa {

std::vector<int> process_ids(const std::vector<std::string>& names) {
  std::vector<int> pids;
  for (const std::string& name : names) {
    const auto pid = parse_number<int>(name);
    if (pid && *pid > 0) pids.push_back(*pid);
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

std::map<std::string, PciAddress> efa_device_nodes(const Sysroot& root) {
  std::map<std::string, PciAddress> nodes;
  for (const std::string& directory : uverbs_directories(root).value_or({})) {
    const auto address = pci_function_behind(root, directory);
    if (!address || !is_efa_function(root, *address)) continue;
    nodes["/dev/infiniband/" + base_name(directory)] = *address;
  }
  return nodes;
}

void OpenFiles::look_at(const std::vector<int>& pids) {
  too_many_ = look_at(look_at(pids, kFewFiles), kManyFiles);
}

std::vector<int> OpenFiles::look_at(const std::vector<int>& pids, size_t limit) {
  std::vector<int> left;
  for (size_t i = 0; i < pids.size(); ++i) {
    if (std::chrono::steady_clock::now() >= stop_) {
      late_ += pids.size() - i;
      break;
    }
    if (!look_at(pids[i], limit)) left.push_back(pids[i]);
  }
  return left;
}

bool OpenFiles::look_at(int pid, size_t limit) {
  const auto holds = [&](const std::string& target) {
    if (wanted_(target)) found_[pid].insert(target);
    return false;
  };
  const auto links = root_.link_targets("/proc/" + std::to_string(pid) + "/fd", holds, limit);
  if (links) {
    seen_.insert(pid);
    return true;
  }
  const ErrorKind kind = links.error().kind;
  unreadable_ += kind == ErrorKind::kDenied ? 1 : 0;
  if (kind == ErrorKind::kTooLarge) seen_.insert(pid);
  return kind != ErrorKind::kTooLarge;
}

}  // namespace efa
