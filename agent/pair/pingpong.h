// fi_pingpong beside our own test: the program that comes with a libfabric, over the same fabric of
// the same device. Its own control connection is open to anybody, as long as it runs.
// Interface: fi_pingpong(1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/pair/ends.h"
#include "agent/pair/rail.h"
#include "probes/base/fd.h"

namespace efa {

struct Pingpong {
  const PairCopy& copy;
  std::string version;  // of that libfabric
  std::string device;
  uint64_t bytes = 0;
  std::string host;  // of its server; "": it is that
};

// Half a round trip in ns of what it printed:
//   bytes   #sent   #ack     total       time     MB/sec    usec/xfer   Mxfers/sec
//   8k      1k      =1k      15m         0.43s      0.30     214.77       0.00
std::optional<int64_t> parse_pingpong(const std::string& printed);

// Of a process of its own: runs it, and says what came of it; of a server, that it is started.
int run_pingpong(const Pingpong& pingpong, const Fd& socket);

// Takes the figures of a rail that works by a libfabric.
void compare(PairEnd& own, PairEnd& other, PairRail& rail);

}  // namespace efa
