#include "probes/jobs/parse.h"

#include <algorithm>
#include <cstdint>

#include "probes/base/text.h"

namespace efa {

std::optional<bool> may_lock_any(std::string_view line) {
  constexpr std::string_view kName = "CapEff:";
  constexpr unsigned kIpcLock = 14;  // CAP_IPC_LOCK
  if (!line.starts_with(kName)) return std::nullopt;
  const auto bits = parse_number<uint64_t>(line.substr(kName.size()), 16);
  return bits ? std::optional((*bits >> kIpcLock & 1U) != 0) : std::nullopt;
}

std::vector<int> process_ids(const std::vector<std::string>& names) {
  std::vector<int> pids;
  for (const std::string& name : names) {
    const auto pid = parse_number<int>(name);
    if (pid && *pid > 0) pids.push_back(*pid);
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

}  // namespace efa
