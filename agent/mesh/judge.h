// What the meetings of a mesh mean: what parts the nodes, and only then which of them is to blame.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "agent/mesh/facts.h"
#include "probes/judging/check.h"

namespace efa {

enum class NodeState { kWorks, kSlow, kFails, kUnknown, kAbsent, kLost };
const char* word_of(NodeState state);

struct MeshJudgement {
  std::vector<NodeState> states;  // of each rank
  std::vector<Finding> findings;
  std::vector<std::vector<int>> parts;  // ranks, where something parts them; the largest first
};

MeshJudgement judge_mesh(const MeshFacts& mesh);

// "p5-[001-003,007]" of these ranks.
std::string names_of(const MeshFacts& mesh, const std::vector<int>& ranks);

}  // namespace efa
