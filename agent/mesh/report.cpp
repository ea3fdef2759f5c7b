#include "agent/mesh/report.h"

#include <fmt/core.h>

#include <algorithm>

#include "agent/report/findings.h"
#include "probes/base/text.h"
#include "probes/mesh/checks.h"

namespace efa {
namespace {

// Little or nothing is known of the node where it fails.
bool leaves_unknown(const Finding& finding) {
  return finding.check->code == kMeshAbsent.code || finding.check->code == kMeshLost.code;
}

std::vector<const Finding*> failing_of(const MeshReport& report) {
  std::vector<const Finding*> failing;
  for (const Finding& finding : report.judged.findings) {
    if (is_failing(finding)) failing.push_back(&finding);
  }
  const auto rank = [](const Finding* finding) {
    return std::pair(leaves_unknown(*finding), finding->check->severity);
  };
  std::stable_sort(failing.begin(), failing.end(),
                   [&](const Finding* a, const Finding* b) { return rank(a) < rank(b); });
  return failing;
}

size_t works_in(const MeshReport& report) {
  return ranks_in(report, NodeState::kWorks).size() + ranks_in(report, NodeState::kSlow).size();
}

Verdict verdict_of(const MeshReport& report, const std::vector<const Finding*>& failing) {
  const bool broken = std::any_of(failing.begin(), failing.end(), [](const Finding* finding) {
    return finding->check->severity == Severity::kCritical && !leaves_unknown(*finding);
  });
  if (broken) return Verdict::kUnhealthy;
  if (works_in(report) == 0) return Verdict::kUnknown;
  const bool all_known = ranks_in(report, NodeState::kUnknown).empty();
  return failing.empty() && all_known ? Verdict::kHealthy : Verdict::kDegraded;
}

std::string summary_of(const MeshReport& report, const std::vector<const Finding*>& failing) {
  std::string words =
      fmt::format("{} of {} nodes work", works_in(report), report.mesh.nodes.size());
  if (!failing.empty()) return words + ": " + std::string(failing[0]->check->title);
  const size_t unknown = ranks_in(report, NodeState::kUnknown).size();
  if (unknown > 0) words += fmt::format(": {} could not be tested", unknown);
  return words;
}

Value node_value(const MeshReport& report, size_t rank) {
  const MeshNode& node = report.mesh.nodes[rank];
  Value value;
  value.set("rank", static_cast<int64_t>(rank));
  value.set("name", node.name);
  value.set("state", word_of(report.judged.states[rank]));
  if (node.instance_id) value.set("instance_id", *node.instance_id);
  value.set("devices", static_cast<int64_t>(node.devices));
  Value told;
  for (size_t i = 0; i < kMeshAttributes; ++i) {
    const auto attribute = static_cast<MeshAttribute>(i);
    if (node.value(attribute)) told.set(key_of(attribute), *node.value(attribute));
  }
  if (!told.is_null()) value.set("told", std::move(told));
  return value;
}

Value meeting_value(const MeshReport& report, const MeshMeeting& meeting) {
  const auto name = [&](int rank) { return report.mesh.nodes[static_cast<size_t>(rank)].name; };
  const MeshOutcome& outcome = meeting.outcome;
  Value value;
  value.set("round", meeting.round);
  value.set("client", name(meeting.one));
  value.set("server", name(meeting.other));
  value.set("result", word_of(outcome.result));
  value.set("device_pairs", outcome.pairs);
  value.set("device_pairs_work", outcome.works);
  if (!outcome.code.empty()) value.set("code", outcome.code);
  if (!outcome.words.empty()) value.set("message", outcome.words);
  if (outcome.rate) value.set("bits_per_second", static_cast<int64_t>(*outcome.rate));
  return value;
}

// Slurm's lists of hosts, by state.
Value lists_value(const MeshReport& report) {
  constexpr NodeState kAll[] = {NodeState::kWorks,   NodeState::kSlow,   NodeState::kFails,
                                NodeState::kUnknown, NodeState::kAbsent, NodeState::kLost};
  Value lists{Object()};
  for (const NodeState state : kAll) {
    const std::vector<int> ranks = ranks_in(report, state);
    if (!ranks.empty()) lists.set(word_of(state), names_of(report.mesh, ranks));
  }
  return lists;
}

}  // namespace

std::vector<int> ranks_in(const MeshReport& report, NodeState state) {
  std::vector<int> ranks;
  for (size_t rank = 0; rank < report.judged.states.size(); ++rank) {
    if (report.judged.states[rank] == state) ranks.push_back(static_cast<int>(rank));
  }
  return ranks;
}

void conclude(MeshReport& report) {
  report.judged = judge_mesh(report.mesh);
  const std::vector<const Finding*> failing = failing_of(report);
  report.verdict = verdict_of(report, failing);
  report.summary = summary_of(report, failing);
}

std::vector<std::string> root_causes_of(const MeshReport& report) {
  std::vector<std::string> codes;
  for (const Finding* finding : failing_of(report)) {
    const std::string code(finding->check->code);
    if (!is_one_of(code, codes)) codes.push_back(code);
  }
  return codes;
}

Value mesh_value(const MeshReport& report) {
  Value value = head_value({.schema = "efa-doctor.mesh.v1",
                            .started_at_ms = report.started_at_ms,
                            .duration_ms = report.duration_ms,
                            .verdict = report.verdict,
                            .summary = report.summary,
                            .root_causes = root_causes_of(report)});
  value.set("hosts", lists_value(report));
  value.set("findings", findings_value(report.judged.findings));
  Array nodes;
  for (size_t rank = 0; rank < report.mesh.nodes.size(); ++rank) {
    nodes.push_back(node_value(report, rank));
  }
  value.set("nodes", std::move(nodes));
  value.set("seed", report.seed);
  value.set("rounds", report.mesh.rounds);
  Array meetings;
  for (const MeshMeeting& one : report.mesh.meetings) {
    meetings.push_back(meeting_value(report, one));
  }
  value.set("meetings", std::move(meetings));
  return value;
}

}  // namespace efa
