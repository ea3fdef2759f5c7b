#include "agent/watch/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "probes/protocol/exec_vector.h"

namespace efa {

Result<pid_t> start_child(const std::vector<std::string>& command, int config_fd) {
  const std::vector<char*> arguments = exec_vector(command);
  const pid_t pid = fork();
  if (pid < 0) return system_error(errno, "fork");
  if (pid > 0) return pid;
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  fcntl(config_fd, F_SETFD, 0);
  // what it prints for a person is for none; its log goes where the daemon's goes
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(null, STDIN_FILENO);
  dup2(null, STDOUT_FILENO);
  unsetenv("NOTIFY_SOCKET");  // the daemon alone speaks for the service
  unsetenv("WATCHDOG_USEC");
  execv(arguments[0], arguments.data());
  std::_Exit(127);
}

}  // namespace efa
