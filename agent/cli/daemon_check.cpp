#include "agent/cli/daemon_check.h"

namespace efa {

Result<Done> check_for_daemon(const Config& config, const std::string& path) {
  // a verdict is as old as the beginning of its pass
  const int64_t pass_s = (config.pass.deadline_ms + 999) / 1000;
  const int64_t least = 2 * config.daemon.interval_s + pass_s;
  if (config.files.valid_for_s >= least) return Done{};
  std::string what =
      "valid_for_s = " + std::to_string(config.files.valid_for_s) +
      " is less than twice interval_s = " + std::to_string(config.daemon.interval_s) +
      " and a pass of deadline_ms = " + std::to_string(config.pass.deadline_ms) +
      ": one late pass would make the verdict stale; set valid_for_s = " + std::to_string(least) +
      " or more";
  constexpr int64_t kLeastInterval = 10;  // as its setting has it
  const int64_t most = (config.files.valid_for_s - pass_s) / 2;
  if (most >= kLeastInterval) {
    what += ", or interval_s = " + std::to_string(most) + " or less";
  }
  return Error{ErrorKind::kMalformed, path, what};
}

}  // namespace efa
