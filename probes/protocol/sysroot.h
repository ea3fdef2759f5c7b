// The one door to the files of the machine under examination: /, a directory that shows another
// machine, or a recording of one. Paths are absolute as on that machine. Within a container the
// kernel's own (/proc and /sys) are those that the container has, all else is where the machine's
// root is mounted. While a recording is made, `record` is told each look and what it showed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/result.h"
#include "probes/base/value.h"
#include "probes/protocol/rooted_files.h"

namespace efa {

class Sysroot {
 public:
  using Recorder = std::function<void(Value)>;
  // Is the line wanted? It may be changed to what a recording may hold. An empty one is never kept.
  using KeepLine = RootedFiles::Keep;

  static constexpr size_t kSmallFile = size_t{64} * 1024;  // sysfs gives a page at most
  static constexpr size_t kManyNames = 65536;              // a directory of files has fewer
  static constexpr size_t kManyProcesses = 262'144;        // in /proc, which any user can fill

  // `host_root`: where in this container the root of the machine that runs is mounted.
  static Result<Sysroot> open(const std::string& directory, const std::string& host_root = "");
  // `looks` is what a Recorder was told, a JSON value a line.
  static Result<Sysroot> replay(const std::string& looks);

  // True on the machine itself: its device nodes, network and process limits are the node's own.
  [[nodiscard]] bool live() const { return live_; }
  [[nodiscard]] bool from_container() const { return from_container_; }
  [[nodiscard]] bool replaying() const { return !files_; }
  void record_to(Recorder record);

  // The whole file, without trailing white space; kTooLarge when it has more than `limit` bytes.
  [[nodiscard]] Result<std::string> read(const std::string& path, size_t limit = kSmallFile) const;
  // The same, where the reason why there is none makes no difference.
  [[nodiscard]] std::optional<std::string> text(const std::string& path) const;
  // Exactly the first bytes, at most `limit`.
  [[nodiscard]] Result<std::string> read_bytes(const std::string& path, size_t limit) const;
  // Of its first bytes what `part` takes out; nothing else is kept or recorded.
  [[nodiscard]] Result<std::string> read_part(
      const std::string& path, size_t limit,
      const std::function<std::string(const std::string&)>& part) const;
  // Only the pieces between separators that `keep` wants; nothing else is kept or recorded.
  [[nodiscard]] Result<std::vector<std::string>> read_lines(const std::string& path,
                                                            const KeepLine& keep, size_t limit,
                                                            char separator = '\n') const;
  // The target of a link, as it is written; not followed.
  [[nodiscard]] Result<std::string> link(const std::string& path) const;
  // The targets of the links in a directory, only those that `keep` wants; kTooLarge when there are
  // more links than `limit`, once `keep` has seen that many.
  [[nodiscard]] Result<std::vector<std::string>> link_targets(const std::string& directory,
                                                              const KeepLine& keep,
                                                              size_t limit = kManyNames) const;
  // The names in a directory, sorted; kTooLarge when there are more than `limit`.
  [[nodiscard]] Result<std::vector<std::string>> list(const std::string& directory,
                                                      size_t limit = kManyNames) const;
  [[nodiscard]] Result<FileStatus> status(const std::string& path) const;
  [[nodiscard]] Result<Space> space(const std::string& path) const;
  [[nodiscard]] bool exists(const std::string& path) const { return status(path).ok(); }
  // Opens a device node for reading and writing and closes it. Live only.
  [[nodiscard]] Result<Done> open_device(const std::string& path) const;
  // The records of /dev/kmsg that are there now and that `keep` wants.
  [[nodiscard]] Result<std::vector<std::string>> kernel_messages(const KeepLine& keep) const;

 private:
  Sysroot() = default;
  template <class T, class Look>
  Result<T> look(const char* verb, const std::string& path, const Look& at_machine) const;
  [[nodiscard]] const RootedFiles& files_of(const std::string& path) const;

  std::optional<RootedFiles> files_;    // none when replaying
  std::optional<RootedFiles> mounted_;  // of the machine, in a container
  bool live_ = false;
  bool from_container_ = false;
  Recorder record_;
  std::map<std::string, Value> looks_;  // "verb path" -> what it showed
};

}  // namespace efa
