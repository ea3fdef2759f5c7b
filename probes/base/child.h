// A process that was started here: it dies with us, and is killed and reaped when its owner lets
// go of it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/fd.h"
#include "probes/base/result.h"

namespace efa {

// Of a status as waitpid(2) gives it: "exit code 70", "signal 11 (Segmentation fault)"
std::string words_of_exit(int status);
// Whether the child has ended, or does so in time; it is not reaped, so its pid and its group are
// still its own.
bool ends_within(pid_t pid, std::chrono::milliseconds limit);
// Reaps the child when it ends in time; nothing when it does not.
std::optional<int> wait_for_exit(pid_t pid, std::chrono::milliseconds limit);

class Child {
 public:
  Child() = default;
  explicit Child(pid_t pid) : pid_(pid), ours_(pid > 0) {}
  Child(Child&& other) noexcept : pid_(other.pid_), ours_(std::exchange(other.ours_, false)) {}
  Child& operator=(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { end(); }

  // Also of one that was reaped or left; -1: none was started.
  [[nodiscard]] pid_t pid() const { return pid_; }
  void kill(int signal) const;
  // With what is in its process group, which it leads.
  void kill_group(int signal) const;
  // Its status, once; nothing when it does not end in time.
  std::optional<int> wait(std::chrono::milliseconds limit);
  // It was killed and does not end: nobody waits for it any more.
  void leave() { ours_ = false; }

 private:
  void end();

  pid_t pid_ = -1;
  bool ours_ = false;  // neither reaped nor left
};

// `become` runs in the child and gives its exit code, where it does not become another executable.
Result<Child> start_child(const std::function<int()>& become);

// A command of which only the output is wanted: it reads nothing, its errors go nowhere, and it
// ends with who started it.
class RunningCommand {
 public:
  static Result<RunningCommand> start(const std::vector<std::string>& arguments,
                                      const std::vector<std::string>& environment);
  struct Printed {
    std::string text;
    bool whole = false;  // it has said all, within the limits, and ended
  };
  Printed output(std::chrono::steady_clock::time_point end, size_t most);

 private:
  RunningCommand(Child child, Fd output) : child_(std::move(child)), output_(std::move(output)) {}

  Child child_;
  Fd output_;
};

}  // namespace efa
