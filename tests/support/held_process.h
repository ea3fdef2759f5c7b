// A process in state D, as the kernel shows one whose device does not answer. Made without a
// device: the parent of a vfork(2) sleeps so until its child is gone. SIGKILL ends this one.
#pragma once

#include <sys/types.h>

namespace efa {

// Never returns; sleeps in state D.
[[noreturn]] void sleep_in_state_d();

struct HeldProcess {
  HeldProcess();
  HeldProcess(const HeldProcess&) = delete;
  HeldProcess& operator=(const HeldProcess&) = delete;
  ~HeldProcess();
  pid_t pid;
};

}  // namespace efa
