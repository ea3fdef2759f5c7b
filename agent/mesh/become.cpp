#include "agent/mesh/become.h"

#include <unistd.h>

#include <cerrno>

#include "agent/config/paths.h"
#include "agent/log/log.h"
#include "agent/run/libraries.h"
#include "probes/base/describe.h"
#include "probes/base/exec_vector.h"
#include "probes/base/exit_codes.h"
#include "probes/judging/words.h"

namespace efa {
namespace {

void take_config(const Config& config, PairOptions& options) {
  options.modules = find_libexec();
  options.metadata_endpoint = config.metadata.endpoint;
  options.metadata_budget_ms = config.metadata.budget_ms;
  options.lock_directory = config.files.run_directory;
}

int become(const std::string& modules, const char* command, const Value& options) {
  const std::vector<std::string> arguments{modules + "/data-pair", command, render_json(options)};
  Launch launch;
  launch.executable = arguments[0];
  for (char** one = environ; *one != nullptr; ++one) launch.environment.emplace_back(*one);
  const std::string missing = missing_library(launch);
  if (!missing.empty()) {
    log_error(
        "{} needs {}, which is not installed: the EFA installer has it, and the "
        "distribution's rdma-core (Debian: ibverbs-providers)",
        command, missing);
    return exit_code_of(Verdict::kUnknown);
  }
  execv(arguments[0].c_str(), exec_vector(arguments).data());
  log_error("{}", message_of(system_error(errno, arguments[0])));
  return kExitInternal;
}

int usage(const Error& error) {
  log_error("{}", message_of(error));
  return kExitUsage;
}

}  // namespace

int become_pair(const Config& config, PairOptions options) {
  const Result<Done> right = check_options(options);
  if (!right) return usage(right.error());
  take_config(config, options);
  return become(options.modules, "pair", to_value(options));
}

int become_mesh(const Config& config, MeshOptions options) {
  const Result<std::vector<uint64_t>> sizes = parse_pair_sizes(options.pair.sizes);
  if (!sizes) return usage(sizes.error());
  take_config(config, options.pair);
  return become(options.pair.modules, "mesh", to_value(options));
}

}  // namespace efa
