#include "agent/deliver/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <utility>

namespace efa {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

Result<FileLock> FileLock::wait_for(const std::string& path, milliseconds limit) {
  constexpr milliseconds kBetween{10};  // flock(2) has no time limit, and who holds it is quick
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (fd < 0) return system_error(errno, path);
  const auto deadline = steady_clock::now() + limit;
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int os_error = errno;
    if (os_error == EWOULDBLOCK && steady_clock::now() + kBetween < deadline) {
      std::this_thread::sleep_for(kBetween);
      continue;
    }
    ::close(fd);
    if (os_error != EWOULDBLOCK) return system_error(os_error, path);
    return Error{ErrorKind::kTimedOut, path, "held by another process"};
  }
  return FileLock(fd);
}

Result<FileLock> FileLock::try_for(const std::string& path) {
  return wait_for(path, milliseconds(0));
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace efa
