// File descriptors that are closed with their owner, and what every owner does with them.
#pragma once

#include <unistd.h>

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/base/result.h"

namespace efa {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read_end;
  Fd write_end;
};
Result<Pipe> make_pipe();

// A file in memory, without a name: nothing of it is written anywhere.
Result<Fd> memory_file(const char* what, std::string_view text = {});

// All of it, or the error of write(2). It goes on after a signal and after a part, and waits for
// the reader of a descriptor that does not block (EAGAIN) as one that blocks does.
Result<Done> write_all(int fd, std::string_view text, const std::string& where);
// What is there to be read, in `buffer`; nothing at the end and on an error.
std::string_view read_some(const Fd& fd, std::span<char> buffer);

// Which of them can be read or have ended, by the end of `limit`; of a negative one neither is
// told.
std::vector<bool> readable_within(const std::vector<int>& fds, std::chrono::milliseconds limit);
bool is_readable_within(int fd, std::chrono::milliseconds limit);

}  // namespace efa
