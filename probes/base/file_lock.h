// One process at a time: flock(2) on a file, which the kernel lets go when its holder dies. Nobody
// else may open that file: whoever can read it can hold the lock.
#pragma once

#include <chrono>
#include <string>

#include "probes/base/fd.h"
#include "probes/base/result.h"

namespace efa {

class FileLock {
 public:
  // kTimedOut when another process still holds it after `limit`.
  static Result<FileLock> wait_for(const std::string& path, std::chrono::milliseconds limit);
  // kTimedOut at once when another process holds it.
  static Result<FileLock> try_for(const std::string& path);

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace efa
