#include "agent/pair/run.h"

#include "agent/log/log.h"
#include "agent/pair/client.h"
#include "agent/pair/server.h"
#include "probes/base/exit_codes.h"

namespace efa {

int run_pair(const PairOptions& options, DataLibrary& library) {
  const Result<Done> right = check_options(options);
  const Result<Sysroot> root = Sysroot::open(options.sysroot);
  if (!right || !root) {
    log_error("{}", message_of(right ? root.error() : right.error()));
    return kExitUsage;
  }
  const PairGround ground{*root, library, options.lock_directory, options.modules, options.sysroot};
  return options.role == "server" ? run_pair_server(ground, options)
                                  : run_pair_client(ground, options);
}

}  // namespace efa
