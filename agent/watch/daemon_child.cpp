#include "agent/watch/daemon_child.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "probes/base/child.h"
#include "probes/base/exec_vector.h"

namespace efa {
namespace {

int become(char* const* arguments, Handed handed) {
  constexpr int kExitExec = 127;  // as a shell says: not found
  setpgid(0, 0);
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
  return kExitExec;
}

}  // namespace

Result<Done> DaemonChild::start(sd_event* loop, const std::vector<std::string>& command,
                                Handed handed) {
  const std::vector<char*> arguments = exec_vector(command);
  Result<Child> child = start_child([&] { return become(arguments.data(), handed); });
  if (!child) return child.error();
  pid_ = child->pid();
  setpgid(pid_, pid_);  // whichever of the two is first
  const int failed = sd_event_add_child(loop, &source_, pid_, WEXITED, on_exit, this);
  if (failed < 0) return system_error(-failed, "sd_event_add_child");
  child->leave();  // the loop reaps it
  running_ = true;
  kill_ = Kill::kNot;
  return Done{};
}

void DaemonChild::signal(int number) const {
  if (running()) kill(-pid_, number);
}

void DaemonChild::set_limit(int64_t at_ms) {
  limit_ms_ = at_ms;
}

std::optional<int64_t> DaemonChild::limit_ms() const {
  return running() && kill_ != Kill::kInVain ? std::optional(limit_ms_) : std::nullopt;
}

DaemonChild::Overdue DaemonChild::check_limit(int64_t now_ms) {
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

int DaemonChild::on_exit(sd_event_source* /*source*/, const siginfo_t* info, void* self) {
  auto* child = static_cast<DaemonChild*>(self);
  child->running_ = false;
  child->source_ = sd_event_source_disable_unref(child->source_);  // and with it its descriptor
  constexpr int kExitShift = 8;                                    // W_EXITCODE of the C library
  child->ended_(info->si_code == CLD_EXITED ? info->si_status << kExitShift : info->si_status);
  return 0;
}

}  // namespace efa
