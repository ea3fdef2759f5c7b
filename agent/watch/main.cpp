// The daemon's executable, below libexec: efa-doctor --daemon becomes it (README, "Boot service").
//
//   efa-doctord EFA_DOCTOR [CONFIG]

#include <cstdio>

#include "agent/cli/config.h"
#include "agent/cli/exit_codes.h"
#include "agent/cli/log.h"
#include "agent/watch/watch.h"

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: %s EFA_DOCTOR [CONFIG]\n", argv[0]);
    return efa::kExitUsage;
  }
  efa::log_to_stderr();
  const bool named = argc == 3;
  return efa::run_watch({named ? argv[2] : efa::kConfigPath, named, argv[1]});
}
