#include "probes/base/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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
  Result<Pipe> printed = make_pipe();
  if (!printed) return printed.error();
  Result<Pipe> failed = make_pipe();  // closed by the program that starts
  if (!failed) return failed.error();
  Result<Child> child = start_child([&] {
    const Fd nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
    dup2(nothing.get(), STDIN_FILENO);
    dup2(printed->write_end.get(), STDOUT_FILENO);
    dup2(nothing.get(), STDERR_FILENO);
    execve(arguments[0].c_str(), exec_vector(arguments).data(), exec_vector(environment).data());
    const int error = errno;
    return write(failed->write_end.get(), &error, sizeof error) == sizeof error ? 1 : 2;
  });
  if (!child) return child.error();
  failed->write_end.reset();
  int error = 0;
  if (read(failed->read_end.get(), &error, sizeof error) == sizeof error) {
    return system_error(error, arguments[0]);
  }
  return RunningCommand(std::move(*child), std::move(printed->read_end));
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
