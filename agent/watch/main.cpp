// The daemon's executable, below libexec: efa-doctor --daemon becomes it (README, "Boot service").
//
//   efa-doctord EFA_DOCTOR [CONFIG [ACCEPTED]]
//
// CONFIG is "" for the default; ACCEPTED the descriptor that a daemon which renews itself hands on.

#include <cstdio>

#include "agent/config/config.h"
#include "agent/log/log.h"
#include "agent/watch/watch.h"
#include "probes/base/exit_codes.h"
#include "probes/base/text.h"

int main(int argc, char** argv) {
  const auto accepted = argc == 4 ? efa::parse_number<int>(argv[3]) : std::nullopt;
  if (argc < 2 || argc > 4 || (argc == 4 && !accepted)) {
    std::fprintf(stderr, "usage: %s EFA_DOCTOR [CONFIG [ACCEPTED]]\n", argv[0]);
    return efa::kExitUsage;
  }
  efa::log_to_stderr();
  const bool named = argc >= 3 && argv[2][0] != '\0';
  return efa::run_watch({named ? argv[2] : efa::kConfigPath, named, argv[1], accepted});
}
