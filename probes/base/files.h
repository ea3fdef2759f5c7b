// Files that readers never see half written: written beside, synced, renamed over whatever has the
// name. None of it goes through a link of another user, and nothing that is there already is opened
// to be written to; where write_output() does so, the user has named it.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "probes/base/result.h"
#include "probes/base/way.h"

namespace efa {

// Whole and synced beside the name that it shall have; gone unless it is finished.
class Unfinished {
 public:
  static Result<Unfinished> write(const std::string& path, const std::string& text, unsigned mode);
  // `by_umask`: the mode is what the umask leaves of it.
  static Result<Unfinished> write_at(const std::string& path, Place place, const std::string& text,
                                     unsigned mode, bool by_umask);
  Unfinished(Unfinished&& other) noexcept = default;
  Unfinished& operator=(Unfinished&&) = delete;
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  ~Unfinished();

  // A second name for it, in place of what had that name.
  [[nodiscard]] Result<Done> link_to(const std::string& path) const;
  Result<Done> finish();

 private:
  Unfinished(std::string path, Place place, std::string beside);

  std::string path_;
  Place place_;
  std::string beside_;
  bool finished_ = false;
};

Result<Done> write_file(const std::string& path, const std::string& text, unsigned mode);

// What a user named to be written: into a terminal, a pipe, /dev/null, /dev/stdout; else a file
// that takes the name. `mode` is what the umask leaves of it.
Result<Done> write_output(const std::string& path, const std::string& text, unsigned mode);

// What killed writers of that file left beside it, when it has lain there for so long: younger, it
// may be another writer's at work. A path that ends in "/" means all files of the directory.
void remove_unfinished(const std::string& path, std::chrono::seconds older_than);

// A directory of ours by descriptor; made when `make` says so.
Result<Fd> open_directory(const std::string& path, bool make = false);
std::vector<std::string> names_in(const Fd& directory);

// A regular file, whoever wrote it: what a user or the configuration names.
Result<std::string> read_file(const std::string& path, size_t limit);

// Who is believed to have written a file of ours: root and our own user; for those who only ask
// what the agent has found, also the owner of its directory.
enum class Author { kOurs, kOfDirectory };
// A regular file that the agent wrote, not through a link.
Result<std::string> read_own_file(const std::string& path, size_t limit,
                                  Author author = Author::kOurs);

}  // namespace efa
