#include "agent/cli/daemon_check.h"

#include <fmt/core.h>

namespace efa {

std::vector<Error> check_for_daemon(const Config& config) {
  const int64_t valid_for_s = config.files.valid_for_s;
  // a verdict is as old as the beginning of its pass
  const int64_t pass_s = (config.pass.deadline_ms + 999) / 1000;
  const int64_t least = 2 * config.daemon.interval_s + pass_s;
  if (valid_for_s >= least) return {};
  std::string what = fmt::format(
      "one late pass would make the verdict stale: valid_for_s = {} is less than twice "
      "interval_s = {} and a pass of deadline_ms = {}; set valid_for_s = {} or more",
      valid_for_s, config.daemon.interval_s, config.pass.deadline_ms, least);
  constexpr int64_t kLeastInterval = 10;  // as its setting has it
  const int64_t most = (valid_for_s - pass_s) / 2;
  if (most >= kLeastInterval) what += fmt::format(", or interval_s = {} or less", most);
  const bool has_default = valid_for_s == FilesConfig().valid_for_s;  // right for any deadline_ms
  return {malformed(has_default ? "interval_s" : "valid_for_s", what)};
}

}  // namespace efa
