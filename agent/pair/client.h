// efa-doctor pair client: tests the devices of this node against those of a server's, and says what
// does not work and why.
#pragma once

#include <string>

#include "agent/pair/device_end.h"
#include "agent/pair/options.h"
#include "agent/pair/rail.h"
#include "agent/pair/report.h"

namespace efa {

struct PairTarget {
  std::string host;
  int64_t port = 0;
  std::string token;
};

// `own`: what is said of this node, and which devices are tested.
PairReport test_pair(const PairGround& ground, const PairTarget& target, const PairPlan& plan,
                     PairHello own);

// Returns the exit code.
int run_pair_client(const PairGround& ground, const PairOptions& options);

}  // namespace efa
