// Which processes hold which files open. Interface: proc_pid_fd(5). What users' processes show is
// as large as they make it, so the look is bounded in files of a process and in time.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "probes/protocol/pci_address.h"
#include "probes/protocol/sysroot.h"

namespace efa {

// Of one process's open files. All are looked at with the small bound first, so that one with very
// many costs only itself.
constexpr size_t kFewFiles = 1024;
constexpr size_t kManyFiles = 65536;

// The processes among the names of /proc, by number.
std::vector<int> process_ids(const std::vector<std::string>& names);
// "/dev/infiniband/uverbs0" of each EFA device.
std::map<std::string, PciAddress> efa_device_nodes(const Sysroot& root);

class OpenFiles {
 public:
  using Wanted = std::function<bool(const std::string&)>;  // the target of a link in /proc/<pid>/fd

  OpenFiles(const Sysroot& root, Wanted wanted, std::chrono::steady_clock::time_point stop)
      : root_(root), wanted_(std::move(wanted)), stop_(stop) {}

  void look_at(const std::vector<int>& pids);

  // Of those that hold a wanted one, which.
  [[nodiscard]] const std::map<int, std::set<std::string>>& found() const { return found_; }
  [[nodiscard]] int seen() const { return static_cast<int>(seen_.size()); }
  [[nodiscard]] int unreadable() const { return unreadable_; }
  [[nodiscard]] size_t late() const { return late_; }  // there was no time left for these
  // Those with more open files than are looked at, by number.
  [[nodiscard]] const std::vector<int>& too_many() const { return too_many_; }
  [[nodiscard]] bool saw_all() const { return unreadable_ == 0 && late_ == 0 && too_many_.empty(); }

 private:
  // Gives those that are not whole.
  std::vector<int> look_at(const std::vector<int>& pids, size_t limit);
  bool look_at(int pid, size_t limit);

  const Sysroot& root_;
  Wanted wanted_;
  std::chrono::steady_clock::time_point stop_;
  std::map<int, std::set<std::string>> found_;
  std::set<int> seen_;
  std::vector<int> too_many_;
  int unreadable_ = 0;
  size_t late_ = 0;
};

}  // namespace efa
