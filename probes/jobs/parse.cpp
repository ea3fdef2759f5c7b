#include "probes/jobs/parse.h"

#include <algorithm>

#include "probes/base/text.h"
#include "probes/limits/parse.h"

namespace efa {

std::optional<bool> may_lock_any(std::string_view line) {
  constexpr unsigned kIpcLock = 14;  // CAP_IPC_LOCK
  return line.starts_with("CapEff:") ? has_capability(line, kIpcLock) : std::nullopt;
}

bool is_accelerator_node(std::string_view path) {
  for (const std::string_view kind : {"/dev/nvidia", "/dev/neuron"}) {
    if (!path.starts_with(kind)) continue;
    const std::string_view number = path.substr(kind.size());
    return !number.empty() && std::all_of(number.begin(), number.end(), is_digit);
  }
  return false;
}

}  // namespace efa
