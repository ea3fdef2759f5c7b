#include "probes/base/child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "probes/base/exec_vector.h"

namespace efa {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

}  // namespace

std::string words_of_exit(int status) {
  if (WIFEXITED(status)) return "exit code " + std::to_string(WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  return "signal " + std::to_string(number) + " (" + strsignal(number) + ")";
}

bool ends_within(pid_t pid, milliseconds limit) {
  const Fd fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));  // Linux 5.3
  if (fd) {
    (void)is_readable_within(fd.get(), limit);
  } else {
    usleep(static_cast<useconds_t>(limit.count()) * 1000);
  }
  siginfo_t ended{};
  return waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == pid;
}

std::optional<int> wait_for_exit(pid_t pid, milliseconds limit) {
  int status = 0;
  if (!ends_within(pid, limit) || waitpid(pid, &status, WNOHANG) != pid) return std::nullopt;
  return status;
}

Child& Child::operator=(Child&& other) noexcept {
  if (this == &other) return *this;
  end();
  pid_ = other.pid_;
  ours_ = std::exchange(other.ours_, false);
  return *this;
}

void Child::kill(int signal) const {
  if (ours_) ::kill(pid_, signal);
}

void Child::kill_group(int signal) const {
  if (ours_) ::kill(-pid_, signal);
}

std::optional<int> Child::wait(milliseconds limit) {
  if (!ours_) return std::nullopt;
  const std::optional<int> status = wait_for_exit(pid_, limit);
  ours_ = !status;
  return status;
}

void Child::end() {
  constexpr milliseconds kTimeToDie{200};  // what the kernel holds is not waited for
  if (!ours_) return;
  kill(SIGKILL);
  (void)wait(kTimeToDie);
  leave();
}

Result<Child> start_child(const std::function<int()>& become) {
  constexpr int kExitOrphan = 127;
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return system_error(errno, "fork");
  if (pid > 0) return Child(pid);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) std::_Exit(kExitOrphan);  // it died before we were to be told
  std::_Exit(become());
}

Result<RunningCommand> RunningCommand::start(const std::vector<std::string>& arguments,
                                             const std::vector<std::string>& environment) {
  Result<Pipe> pipe = make_pipe();
  if (!pipe) return pipe.error();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&actions, pipe->write_end.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDERR_FILENO);
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, arguments[0].c_str(), &actions, nullptr,
                                 exec_vector(arguments).data(), exec_vector(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return system_error(failed, arguments[0]);
  return RunningCommand(Child(pid), std::move(pipe->read_end));
}

RunningCommand::Printed RunningCommand::output(Clock::time_point end, size_t most) {
  constexpr milliseconds kTimeToEnd{2'000};
  Printed printed;
  bool ended = false;
  char buffer[4096];
  while (!ended && printed.text.size() < most) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
    if (left <= milliseconds(0) || !is_readable_within(output_.get(), left)) break;
    const std::string_view bytes = read_some(output_, buffer);
    printed.text += bytes;
    ended = bytes.empty();
  }
  if (!ended) child_.kill(SIGKILL);
  const bool reaped = child_.wait(kTimeToEnd).has_value();
  printed.whole = ended && reaped;
  return printed;
}

}  // namespace efa
