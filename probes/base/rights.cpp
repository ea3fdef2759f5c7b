#include "probes/base/rights.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace efa {

void give_up_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  syscall(SYS_capset, &header, none);
}

}  // namespace efa
