#include "agent/deliver/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace efa {
namespace {

constexpr size_t kRandomLetters = 6;  // of mkostemp(3)

Result<Done> write_all(int fd, const std::string& text, const std::string& path) {
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = ::write(fd, text.data() + written, text.size() - written);
    if (count < 0 && errno != EINTR) return system_error(errno, path);
    written += static_cast<size_t>(std::max<ssize_t>(count, 0));
  }
  if (fsync(fd) != 0 && errno != EINVAL) return system_error(errno, path);  // a pipe has none
  return Done{};
}

// So that the new name outlives a power failure.
void sync_directory(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  ::close(fd);
}

// A terminal, a pipe, /dev/null: renaming would put a file in its place.
bool is_special(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

Result<Done> write_special(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return system_error(errno, path);
  Result<Done> written = write_all(fd, text, path);
  ::close(fd);
  return written;
}

}  // namespace

Result<Done> write_file(const std::string& path, const std::string& text, unsigned mode) {
  if (is_special(path)) return write_special(path, text);
  const std::string directory = std::filesystem::path(path).parent_path();
  std::error_code ignored;  // what is wrong with the directory shows when the file is made
  if (!directory.empty()) std::filesystem::create_directories(directory, ignored);
  std::string beside = path + ".XXXXXX";
  const int fd = mkostemp(beside.data(), O_CLOEXEC);
  if (fd < 0) return system_error(errno, path);
  fchmod(fd, mode);
  Result<Done> written = write_all(fd, text, path);
  if (::close(fd) != 0 && written) written = system_error(errno, path);
  if (written && rename(beside.c_str(), path.c_str()) != 0) written = system_error(errno, path);
  if (!written) {
    unlink(beside.c_str());
    return written;
  }
  sync_directory(directory);
  return Done{};
}

void remove_unfinished(const std::string& path, std::chrono::seconds older_than) {
  const auto latest = std::filesystem::file_time_type::clock::now() - older_than;
  const std::filesystem::path whole(path);
  const std::string begin = whole.filename().string() + ".";
  std::error_code error;
  for (std::filesystem::directory_iterator item(whole.parent_path(), error), end;
       !error && item != end; item.increment(error)) {
    const std::string name = item->path().filename();
    if (!name.starts_with(begin) || name.size() != begin.size() + kRandomLetters) continue;
    std::error_code gone;
    const auto written = item->last_write_time(gone);
    if (!gone && written <= latest) unlink(item->path().c_str());
  }
}

Result<std::string> read_file(const std::string& path, size_t limit) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return system_error(errno, path);
  struct stat status {};
  std::string text;
  ssize_t count = 1;
  const bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  while (regular && count > 0 && text.size() <= limit) {
    char buffer[65536];
    count = ::read(fd, buffer, sizeof buffer);
    if (count > 0) text.append(buffer, static_cast<size_t>(count));
  }
  const int os_error = !regular ? EINVAL : count < 0 ? errno : text.size() > limit ? EFBIG : 0;
  ::close(fd);
  if (os_error != 0) return system_error(os_error, path);
  return text;
}

}  // namespace efa
