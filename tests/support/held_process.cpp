#include "tests/support/held_process.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "probes/base/process.h"

namespace efa {

void sleep_in_state_d() {
  const pid_t parent = getpid();
  const long child = syscall(SYS_clone, CLONE_VFORK | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (getppid() == parent) pause();  // it may have been killed before that
    std::_Exit(0);
  }
  std::_Exit(1);
}

HeldProcess::HeldProcess() : pid(fork()) {
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sleep_in_state_d();
  }
  constexpr useconds_t kBetweenLooksUs = 1000;
  while (look_at(pid).value_or(Sight()).state != 'D') usleep(kBetweenLooksUs);
}

HeldProcess::~HeldProcess() {
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

}  // namespace efa
