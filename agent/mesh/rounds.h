// Who meets whom in the next round of a mesh: everybody a partner of chance, then those of whom too
// little is known somebody who works. Pure.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "agent/mesh/facts.h"

namespace efa {

inline constexpr int kRoundsOfChance = 2;
inline constexpr int kMostRounds = 5;

// Ranks, the one that leads the test first; each at most once. Empty: nothing is left to learn.
std::vector<std::pair<int, int>> next_round(const MeshFacts& mesh, uint64_t seed);

}  // namespace efa
