// Rank 0 of a mesh: it waits for the others, tells who tests whom, round by round, and keeps what
// came of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "agent/mesh/facts.h"
#include "agent/mesh/place.h"
#include "probes/base/fd.h"

namespace efa {

struct MeshLead {
  const MeshPlace& place;
  std::string token;
  PairHello own;
  uint64_t seed = 0;                  // of who meets whom
  std::chrono::milliseconds wait{0};  // for all to be there
};

MeshFacts lead_mesh(const MeshLead& lead, const Fd& listener);

}  // namespace efa
