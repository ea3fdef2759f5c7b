#include "probes/base/private_memory.h"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace efa {

void keep_memory_private() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  // a core that goes to a program (core_pattern) heeds no limit, but this
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace efa
