#include "probes/base/rights.h"

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace efa {

namespace {

// A set of capabilities with that one, where it is held.
__user_cap_data_struct held_in_its_half(int capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  if (syscall(SYS_capget, &header, sets) != 0) return {};
  const auto bit = static_cast<unsigned>(capability);
  const uint32_t held = sets[CAP_TO_INDEX(bit)].effective & CAP_TO_MASK(bit);
  return {held, held, 0};
}

}  // namespace

void give_up_capabilities(std::optional<int> but_for) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct kept[2]{};
  if (but_for) kept[CAP_TO_INDEX(static_cast<unsigned>(*but_for))] = held_in_its_half(*but_for);
  syscall(SYS_capset, &header, kept);
}

std::optional<int64_t> lockable_bytes() {
  rlimit limit{};
  const bool any = held_in_its_half(CAP_IPC_LOCK).effective != 0 ||
                   getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY;
  if (any) return std::nullopt;
  return static_cast<int64_t>(limit.rlim_cur);
}

}  // namespace efa
