#include "probes/base/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

namespace efa {

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return system_error(errno, "pipe2");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Result<Fd> memory_file(const char* what, std::string_view text) {
  Fd file(memfd_create(what, MFD_CLOEXEC));
  if (!file) return system_error(errno, "memfd_create");
  const Result<Done> written = write_all(file.get(), text, "memfd");
  if (!written) return written.error();
  return file;
}

Result<Done> write_all(int fd, std::string_view text, const std::string& where) {
  constexpr int kForEver = -1;
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count >= 0) {
      text.remove_prefix(static_cast<size_t>(count));
    } else if (errno == EAGAIN) {
      pollfd wait{fd, POLLOUT, 0};
      poll(&wait, 1, kForEver);
    } else if (errno != EINTR) {
      return system_error(errno, where);
    }
  }
  return Done{};
}

std::string_view read_some(const Fd& fd, std::span<char> buffer) {
  ssize_t count = -1;
  do {
    count = ::read(fd.get(), buffer.data(), buffer.size());
  } while (count < 0 && errno == EINTR);
  return {buffer.data(), static_cast<size_t>(std::max<ssize_t>(count, 0))};
}

std::vector<bool> readable_within(const std::vector<int>& fds, std::chrono::milliseconds limit) {
  std::vector<pollfd> waits;
  waits.reserve(fds.size());
  for (const int fd : fds) waits.push_back({fd, POLLIN, 0});
  const int64_t wait_ms = std::max<int64_t>(limit.count(), 0);
  const bool any = poll(waits.data(), waits.size(), static_cast<int>(wait_ms)) > 0;
  std::vector<bool> readable;
  readable.reserve(fds.size());
  for (const pollfd& wait : waits) readable.push_back(any && wait.revents != 0);
  return readable;
}

bool is_readable_within(int fd, std::chrono::milliseconds limit) {
  return readable_within({fd}, limit).front();
}

}  // namespace efa
