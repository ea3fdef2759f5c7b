// The files below a root directory: links never lead out of it (openat2(2), RESOLVE_IN_ROOT), only
// regular files are read, and never more than asked for. What each call gives, sysroot.h says.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "probes/base/fd.h"
#include "probes/base/result.h"

namespace efa {

struct FileStatus {
  uint32_t mode = 0;  // as st_mode of stat(2)
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t major = 0;  // of the device that a device node stands for
  uint32_t minor = 0;
  uint64_t inode = 0;
  uint64_t file_system = 0;  // where that inode is: st_dev

  [[nodiscard]] bool is_directory() const;
  [[nodiscard]] bool is_character_device() const;
  [[nodiscard]] bool is_regular_file() const;
};

struct Space {
  uint64_t total_kib = 0;
  uint64_t free_kib = 0;
};

class RootedFiles {
 public:
  using Keep = std::function<bool(std::string&)>;

  static Result<RootedFiles> open(const std::string& directory);
  // Of the machine that runs, whose root is mounted there.
  static Result<RootedFiles> open_mounted(const std::string& directory);

  // It is the machine's own root: its devices are the machine's.
  [[nodiscard]] bool live() const { return live_; }

  // `whole`: a longer file is kTooLarge; else the first bytes are all that is wanted.
  [[nodiscard]] Result<std::string> read(const std::string& path, size_t limit, bool whole) const;
  [[nodiscard]] Result<std::vector<std::string>> read_lines(const std::string& path,
                                                            const Keep& keep, size_t limit,
                                                            char separator) const;
  [[nodiscard]] Result<std::string> link(const std::string& path) const;
  [[nodiscard]] Result<std::vector<std::string>> link_targets(const std::string& directory,
                                                              const Keep& keep, size_t limit) const;
  [[nodiscard]] Result<std::vector<std::string>> list(const std::string& directory,
                                                      size_t limit) const;
  [[nodiscard]] Result<FileStatus> status(const std::string& path) const;
  [[nodiscard]] Result<Space> space(const std::string& path) const;
  [[nodiscard]] Result<Done> open_device(const std::string& path) const;
  [[nodiscard]] Result<std::vector<std::string>> kernel_messages(const std::string& path,
                                                                 const Keep& keep) const;

 private:
  struct Directory;
  struct RegularFile {
    Fd fd;
    bool sized = false;  // a read that is short has met its end; files of /proc answer in parts
  };

  RootedFiles(Fd root, bool is_ours, bool live);
  [[nodiscard]] Result<Done> each_name(const std::string& directory, size_t limit,
                                       const std::function<void(int, const char*)>& take) const;
  [[nodiscard]] Result<Fd> open_at(const std::string& path, int flags) const;
  void beside(const std::string& path, const std::function<void(int, const char*)>& use) const;
  [[nodiscard]] RegularFile open_beside(const std::string& path) const;
  [[nodiscard]] Result<RegularFile> open_regular(const std::string& path) const;

  Fd root_;
  bool is_ours_ = false;  // nothing leads out of it
  bool live_ = false;
  std::shared_ptr<Directory> last_;  // of the file or link that was read before
};

}  // namespace efa
