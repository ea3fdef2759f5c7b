// A mesh of nodes that never were: played round by round by the rules of efa-doctor mesh, with
// tests of two nodes that end as a function says.
#pragma once

#include <fmt/core.h>

#include <functional>
#include <set>
#include <string>

#include "agent/mesh/facts.h"
#include "agent/mesh/rounds.h"

namespace efa {

inline constexpr double kUsualRate = 9e10;

inline MeshOutcome works_at(double rate = kUsualRate) {
  return {MeshResult::kWorks, "", "", 32, 32, rate};
}
inline MeshOutcome fails_by(const char* code = "pair.unreachable") {
  return {MeshResult::kFails, code, "vendor_err 13", 0, 32, std::nullopt};
}

inline MeshFacts nodes_of(int count) {
  MeshFacts mesh;
  for (int rank = 0; rank < count; ++rank) {
    MeshNode node{.name = fmt::format("p5-{:04}", rank), .joined = true, .devices = 32};
    node.attributes[static_cast<size_t>(MeshAttribute::kType)] = "p5.48xlarge";
    mesh.nodes.push_back(node);
  }
  return mesh;
}

inline void tell(MeshFacts& mesh, int rank, MeshAttribute attribute, const std::string& value) {
  mesh.nodes[static_cast<size_t>(rank)].attributes[static_cast<size_t>(attribute)] = value;
}

using Play = std::function<MeshOutcome(int one, int other)>;

inline void play(MeshFacts& mesh, uint64_t seed, const Play& outcome) {
  while (true) {
    const auto pairs = next_round(mesh, seed);
    if (pairs.empty()) return;
    ++mesh.rounds;
    for (const auto& [one, other] : pairs) {
      mesh.meetings.push_back({mesh.rounds, one, other, outcome(one, other)});
    }
  }
}

inline Play with_dead(const std::set<int>& dead) {
  return [dead](int one, int other) {
    return dead.contains(one) || dead.contains(other) ? fails_by() : works_at();
  };
}

}  // namespace efa
