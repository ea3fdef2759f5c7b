// What efa-doctor mesh was asked for, as it is handed to the executable that does it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/pair/options.h"

namespace efa {

inline constexpr int64_t kMostRanks = 10'000;
inline constexpr int64_t kMostMeshWait = 3600;

struct MeshOptions {
  std::optional<int64_t> rank;  // absent: what the launcher says
  std::optional<int64_t> ranks;
  std::string leader;  // host of rank 0; "": what the launcher says
  int64_t port = 18517;
  int64_t wait_s = 60;  // for all ranks to be there
  PairOptions pair{.sizes = {"64", "1M"},
                   .seconds = 1};  // of each test, and what all commands have
};

template <class Io>
void describe(Io& io, MeshOptions& options) {
  io("rank", options.rank);
  io("ranks", options.ranks);
  io("leader", options.leader);
  io("port", options.port);
  io("wait_s", options.wait_s);
  io("pair", options.pair);
}

}  // namespace efa
