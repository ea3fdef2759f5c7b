#include "probes/protocol/child_exit.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

namespace efa {

std::string words_of_exit(int status) {
  if (WIFEXITED(status)) return "exit code " + std::to_string(WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  return "signal " + std::to_string(number) + " (" + strsignal(number) + ")";
}

bool ends_within(pid_t pid, std::chrono::milliseconds limit) {
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));  // Linux 5.3
  if (fd >= 0) {
    pollfd wait{fd, POLLIN, 0};
    poll(&wait, 1, static_cast<int>(limit.count()));
    ::close(fd);
  } else {
    usleep(static_cast<useconds_t>(limit.count()) * 1000);
  }
  siginfo_t ended{};
  return waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == pid;
}

}  // namespace efa
