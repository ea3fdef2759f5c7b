// efa-doctor pair server: waits for clients, and does for each what it asks of the devices of this
// node. One client is served at a time; whatever becomes of one, the next is served.
#pragma once

#include <functional>
#include <string>

#include "agent/pair/device_end.h"
#include "agent/pair/options.h"
#include "agent/pair/protocol.h"
#include "probes/base/fd.h"

namespace efa {

struct PairService {
  const PairGround& ground;
  std::string token;
  bool once = false;                             // one client is served, then it ends
  std::function<Result<PairHello>()> hello;      // of this node, asked for each client
  std::function<void(const std::string&)> tell;  // what becomes of each
};

Result<Done> serve_pairs(const PairService& service, Fd listener);

// Returns the exit code.
int run_pair_server(const PairGround& ground, const PairOptions& options);

}  // namespace efa
