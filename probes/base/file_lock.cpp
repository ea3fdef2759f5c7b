#include "probes/base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "probes/base/way.h"

namespace efa {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool is_private(const struct stat& status) {
  return S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
         (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

bool is_same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// The file under that name as it is now.
struct stat status_of(const Place& place) {
  struct stat status {};
  fstatat(place.directory.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW);
  return status;
}

constexpr int kToLock = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

// Whether what has the name is to be replaced: a lock file that others may open (versions before
// this one made such), because who has it open already would hold its lock for ever, or no file of
// ours at all.
bool is_to_be_replaced(const Place& place, const Fd& fd, int os_error) {
  struct stat opened {};
  if (!fd || fstat(fd.get(), &opened) != 0) return os_error == ELOOP || os_error == ENXIO;
  return !is_private(opened) && is_same(opened, status_of(place));
}

Result<Fd> open_private(const Place& place, const std::string& path) {
  constexpr int kMostTries = 10;  // others may replace it at the same time
  const int directory = place.directory.get();
  const char* name = place.name.c_str();
  for (int i = 0; i < kMostTries; ++i) {
    Fd made(openat(directory, name, kToLock | O_CREAT | O_EXCL, 0600));
    if (made) return made;
    if (errno != EEXIST) return system_error(errno, path);
    Fd found(openat(directory, name, kToLock));
    const int os_error = found ? 0 : errno;
    if (is_to_be_replaced(place, found, os_error)) {
      if (unlinkat(directory, name, 0) != 0 && errno != ENOENT) return system_error(errno, path);
    } else if (found) {
      return found;
    } else if (os_error != ENOENT) {
      return system_error(os_error, path);
    }
  }
  return Error{ErrorKind::kTimedOut, path, "keeps being replaced"};
}

}  // namespace

Result<FileLock> FileLock::wait_for(const std::string& path, milliseconds limit) {
  constexpr milliseconds kBetween{10};  // flock(2) has no time limit, and who holds it is quick
  const Result<Place> place = walk_to(path, refuse_links_of_others);
  if (!place) return place.error();
  const auto deadline = steady_clock::now() + limit;
  while (true) {
    Result<Fd> fd = open_private(*place, path);
    if (!fd) return fd.error();
    const bool locked = flock(fd->get(), LOCK_EX | LOCK_NB) == 0;
    if (!locked && errno != EWOULDBLOCK) return system_error(errno, path);
    struct stat held {};
    fstat(fd->get(), &held);
    // one that was replaced between opening and locking it is nobody's any more
    if (locked && is_same(held, status_of(*place))) return FileLock(std::move(*fd));
    if (locked) continue;
    if (steady_clock::now() + kBetween >= deadline) {
      return Error{ErrorKind::kTimedOut, path, "held by another process"};
    }
    std::this_thread::sleep_for(kBetween);
  }
}

Result<FileLock> FileLock::try_for(const std::string& path) {
  return wait_for(path, milliseconds(0));
}

}  // namespace efa
