#include "agent/pair/become.h"

#include <unistd.h>

#include <cerrno>

#include "agent/config/paths.h"
#include "agent/log/log.h"
#include "probes/base/describe.h"
#include "probes/base/exec_vector.h"
#include "probes/base/exit_codes.h"

namespace efa {

int become_pair(const Config& config, PairOptions options) {
  const Result<Done> right = check_options(options);
  if (!right) {
    log_error("{}", message_of(right.error()));
    return kExitUsage;
  }
  options.modules = find_libexec();
  options.metadata_endpoint = config.metadata.endpoint;
  options.metadata_budget_ms = config.metadata.budget_ms;
  options.lock_directory = config.files.run_directory;
  const std::vector<std::string> arguments{options.modules + "/data-pair",
                                           render_json(to_value(options))};
  execv(arguments[0].c_str(), exec_vector(arguments).data());
  log_error("{}", message_of(system_error(errno, arguments[0])));
  return kExitInternal;
}

}  // namespace efa
