// What the nodes of a job found of each other, for a person, for a program
// (packaging/mesh.schema.json), and as a picture. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "agent/mesh/facts.h"
#include "agent/mesh/judge.h"
#include "agent/report/page.h"
#include "probes/base/value.h"
#include "probes/judging/words.h"

namespace efa {

struct MeshReport {
  MeshFacts mesh;
  uint64_t seed = 0;
  int64_t started_at_ms = 0;  // Unix time
  int64_t duration_ms = 0;
  // concluded of the rest
  MeshJudgement judged;
  Verdict verdict = Verdict::kUnknown;
  std::string summary;
};

// Judgement, verdict and summary.
void conclude(MeshReport& report);
// Codes, the gravest first.
std::vector<std::string> root_causes_of(const MeshReport& report);
// Ranks that are in such a state.
std::vector<int> ranks_in(const MeshReport& report, NodeState state);

std::string render_mesh_text(const MeshReport& report, const TextStyle& style);
// SVG 1.1: a square for each pair of nodes that met, by what came of it.
std::string render_mesh_svg(const MeshReport& report);
Value mesh_value(const MeshReport& report);

}  // namespace efa
