// One process at a time: flock(2) on a file, which the kernel lets go when its holder dies.
#pragma once

#include <chrono>
#include <string>

#include "probes/protocol/result.h"

namespace efa {

class FileLock {
 public:
  // kTimedOut when another process still holds it after `limit`.
  static Result<FileLock> wait_for(const std::string& path, std::chrono::milliseconds limit);
  // kTimedOut at once when another process holds it.
  static Result<FileLock> try_for(const std::string& path);

  FileLock(FileLock&& other) noexcept;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace efa
