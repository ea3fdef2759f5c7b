#include "agent/pair/run.h"

#include <csignal>
#include <cstdio>

#include "agent/log/log.h"
#include "agent/pair/client.h"
#include "agent/pair/options.h"
#include "agent/pair/server.h"
#include "probes/base/exit_codes.h"
#include "probes/base/private_memory.h"

namespace efa {

int run_pair(int argc, char** argv, DataLibrary& library) {
  std::signal(SIGPIPE, SIG_IGN);
  keep_memory_private();  // it holds the token
  log_to_stderr();
  const Result<Value> value = parse_json(argc == 2 ? argv[1] : "", "options");
  const Result<PairOptions> options =
      value ? from_value<PairOptions>(*value, "options") : Result<PairOptions>(value.error());
  const Result<Done> right = options ? check_options(*options) : Result<Done>(options.error());
  if (!right) {
    log_error("{}", message_of(right.error()));
    return kExitUsage;
  }
  const Result<Sysroot> root = Sysroot::open(options->sysroot);
  if (!root) {
    log_error("{}", message_of(root.error()));
    return kExitUsage;
  }
  const PairGround ground{*root, library, options->lock_directory};
  return options->role == "server" ? run_pair_server(ground, *options)
                                   : run_pair_client(ground, *options);
}

}  // namespace efa
