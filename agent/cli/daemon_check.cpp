#include "agent/cli/daemon_check.h"

namespace efa {

Result<Done> check_for_daemon(const Config& config, const std::string& path) {
  const int64_t least = 2 * config.interval_s;
  if (config.valid_for_s >= least) return Done{};
  std::string what =
      "valid_for_s = " + std::to_string(config.valid_for_s) +
      " is less than twice interval_s = " + std::to_string(config.interval_s) +
      ": one late pass would make the verdict stale; set valid_for_s = " + std::to_string(least) +
      " or more";
  constexpr int64_t kLeastInterval = 10;  // as its setting has it
  const int64_t most = config.valid_for_s / 2;
  if (most >= kLeastInterval) {
    what += ", or interval_s = " + std::to_string(most) + " or less";
  }
  return Error{ErrorKind::kMalformed, path, what};
}

}  // namespace efa
