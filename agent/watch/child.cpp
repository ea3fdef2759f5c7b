#include "agent/watch/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "probes/protocol/exec_vector.h"
#include "probes/protocol/process.h"

namespace efa {
namespace {

[[noreturn]] void become(char* const* arguments, Handed handed, pid_t daemon) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != daemon) std::_Exit(127);  // it died before it was to be told
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // meant for the daemon alone, but systemctl kill sends them to all processes of the service;
  // probes inherit it
  ::signal(SIGHUP, SIG_IGN);
  ::signal(SIGUSR1, SIG_IGN);
  fcntl(handed.config_fd, F_SETFD, 0);
  // what it prints for a person is for none; its log goes where the daemon's goes
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(null, STDIN_FILENO);
  dup2(handed.stdout_fd >= 0 ? handed.stdout_fd : null, STDOUT_FILENO);
  unsetenv("NOTIFY_SOCKET");  // the daemon alone speaks for the service
  unsetenv("WATCHDOG_USEC");
  execv(arguments[0], arguments);
  std::_Exit(127);
}

}  // namespace

Result<Done> Child::start(sd_event* loop, const std::vector<std::string>& command, Handed handed) {
  constexpr std::chrono::milliseconds kTimeToDie{200};
  const std::vector<char*> arguments = exec_vector(command);
  const pid_t daemon = getpid();
  const pid_t pid = fork();
  if (pid < 0) return system_error(errno, "fork");
  if (pid == 0) become(arguments.data(), handed, daemon);
  setpgid(pid, pid);  // whichever of the two is first
  const int failed = sd_event_add_child(loop, &source_, pid, WEXITED, on_exit, this);
  if (failed < 0) {
    kill(pid, SIGKILL);
    (void)wait_for_exit(pid, kTimeToDie);
    return system_error(-failed, "sd_event_add_child");
  }
  pid_ = pid;
  running_ = true;
  kill_ = Kill::kNot;
  return Done{};
}

void Child::signal(int number) const {
  if (running()) kill(-pid_, number);
}

void Child::set_limit(int64_t at_ms) {
  limit_ms_ = at_ms;
}

std::optional<int64_t> Child::limit_ms() const {
  return running() && kill_ != Kill::kInVain ? std::optional(limit_ms_) : std::nullopt;
}

Child::Overdue Child::check_limit(int64_t now_ms) {
  constexpr int64_t kTimeToDieMs = 5'000;
  if (!limit_ms() || now_ms < limit_ms_) return Overdue::kNo;
  if (kill_ == Kill::kSent) {
    kill_ = Kill::kInVain;  // it stays sent; a second one would change nothing
    return Overdue::kHeld;
  }
  signal(SIGKILL);
  kill_ = Kill::kSent;
  limit_ms_ = now_ms + kTimeToDieMs;
  return Overdue::kKilled;
}

int Child::on_exit(sd_event_source* /*source*/, const siginfo_t* info, void* self) {
  auto* child = static_cast<Child*>(self);
  child->running_ = false;
  child->source_ = sd_event_source_disable_unref(child->source_);  // and with it its descriptor
  constexpr int kExitShift = 8;                                    // W_EXITCODE of the C library
  child->ended_(info->si_code == CLD_EXITED ? info->si_status << kExitShift : info->si_status);
  return 0;
}

}  // namespace efa
