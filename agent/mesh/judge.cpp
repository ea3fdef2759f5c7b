#include "agent/mesh/judge.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "agent/mesh/host_list.h"
#include "agent/mesh/sides.h"
#include "agent/pair/figures.h"
#include "probes/base/text.h"
#include "probes/judging/findings.h"
#include "probes/mesh/checks.h"

namespace efa {
namespace {

constexpr const char* kAll = "nodes";

class MeshJudge {
 public:
  explicit MeshJudge(const MeshFacts& mesh) : mesh_(mesh), view_(view_of(mesh)) {
    judged_.states.resize(mesh.nodes.size(), NodeState::kUnknown);
  }

  MeshJudgement judge() {
    const bool whole_splits = judge_whole();
    const std::vector<bool> slow = slow_nodes(mesh_);
    take_usual_devices();
    for (int rank = 0; rank < static_cast<int>(mesh_.nodes.size()); ++rank) {
      judge_node(rank, slow[static_cast<size_t>(rank)], whole_splits);
    }
    judge_odd();
    return std::move(judged_);
  }

 private:
  void add(const Check& check, FindingResult result, std::string subject, std::string message) {
    judged_.findings.push_back(make_finding(check, result, std::move(subject), std::move(message)));
  }
  void fails(const Check& check, std::string subject, std::string message) {
    add(check, FindingResult::kFail, std::move(subject), std::move(message));
  }

  [[nodiscard]] const std::string& name_of(int rank) const {
    return mesh_.nodes[static_cast<size_t>(rank)].name;
  }

  [[nodiscard]] int count(MeshResult result) const {
    return static_cast<int>(std::count_if(
        mesh_.meetings.begin(), mesh_.meetings.end(),
        [&](const MeshMeeting& meeting) { return meeting.outcome.result == result; }));
  }

  // "pair.unreachable (11 of 12 tests): ...", of the most frequent cause of those.
  [[nodiscard]] std::string cause_of(const std::vector<const MeshMeeting*>& meetings) const {
    std::map<std::string, std::vector<const MeshMeeting*>> codes;
    for (const MeshMeeting* meeting : meetings) codes[meeting->outcome.code].push_back(meeting);
    const auto most = std::max_element(
        codes.begin(), codes.end(),
        [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
    if (most == codes.end()) return "no test was made";
    const MeshMeeting& last = *most->second.back();
    return fmt::format("{} ({} of {} tests), as {} saw it with {}: {}",
                       most->first.empty() ? "cause unknown" : most->first, most->second.size(),
                       meetings.size(), name_of(last.one), name_of(last.other), last.outcome.words);
  }

  [[nodiscard]] std::vector<const MeshMeeting*> meetings_with(MeshResult result,
                                                              int rank = -1) const {
    std::vector<const MeshMeeting*> found;
    for (const MeshMeeting& meeting : mesh_.meetings) {
      if (meeting.outcome.result != result || (rank >= 0 && !meeting.has(rank))) continue;
      if (tells_of_node(mesh_, view_, meeting)) found.push_back(&meeting);
    }
    return found;
  }

  // What is said of all nodes; whether no node can be blamed then.
  bool judge_whole() {
    if (const auto attribute = view_.parts ? view_.parts : told_by_any()) {
      judge_parts(*attribute);
    } else if (count(MeshResult::kWorks) == 0 && count(MeshResult::kFails) > 0) {
      fails(kMeshNoneWorks, kAll, cause_of(meetings_with(MeshResult::kFails)));
      return true;
    } else {
      judge_sides();
    }
    return false;
  }

  [[nodiscard]] std::optional<MeshAttribute> told_by_any() const {
    for (const MeshMeeting& meeting : mesh_.meetings) {
      if (const auto attribute = told_by(meeting)) return attribute;
    }
    return std::nullopt;
  }

  void judge_parts(MeshAttribute attribute) {
    std::map<std::string, std::vector<int>> parts;
    for (int rank = 0; rank < static_cast<int>(mesh_.nodes.size()); ++rank) {
      const auto& value = mesh_.nodes[static_cast<size_t>(rank)].value(attribute);
      if (value && mesh_.nodes[static_cast<size_t>(rank)].joined) parts[*value].push_back(rank);
    }
    std::vector<const MeshMeeting*> across;
    for (const MeshMeeting& meeting : mesh_.meetings) {
      const bool failed = meeting.outcome.result == MeshResult::kFails;
      if (failed && !tells_of_node(mesh_, view_, meeting)) across.push_back(&meeting);
    }
    std::vector<std::string> words;
    for (const auto& [value, ranks] : parts) {
      words.push_back(fmt::format("{}: {} node{} ({})", value, ranks.size(),
                                  ranks.size() == 1 ? "" : "s", names_of(mesh_, ranks)));
    }
    std::string message =
        fmt::format("{} tests of nodes that differ in {} fail, by {}; {}", across.size(),
                    words_of(attribute), cause_of(across), join(words, "; "));
    std::vector<std::string> too;
    for (const MeshAttribute other : view_.parts_too) too.emplace_back(words_of(other));
    if (!too.empty()) message += "; the same nodes differ in " + join(too, ", ");
    fails(is_software(attribute) ? kMeshSplitBySoftware : kMeshSplitByPlace, kAll, message);
    for (auto& [value, ranks] : parts) judged_.parts.push_back(std::move(ranks));
    order_parts();
  }

  // Of what the nodes tell, nothing explains it.
  void judge_sides() {
    constexpr size_t kEnough = 3;  // one broken link is no split
    const std::vector<int> sides = large_sides(mesh_, view_);
    const auto between =
        std::count_if(view_.odd.begin(), view_.odd.end(), [&](const MeshMeeting* one) {
          return view_.sides.side_of(one->one) != view_.sides.side_of(one->other);
        });
    if (sides.size() < 2 || static_cast<size_t>(between) < kEnough) return;
    is_split_ = true;
    std::vector<std::string> words;
    for (const int side : sides) judged_.parts.push_back(members_of(mesh_, view_, side));
    order_parts();
    for (const std::vector<int>& part : judged_.parts) {
      words.push_back(fmt::format("{} nodes ({})", part.size(), names_of(mesh_, part)));
    }
    fails(kMeshSplit, kAll,
          fmt::format("{} tests between working nodes fail, by {}; those that reach each other: {}",
                      view_.odd.size(), cause_of(view_.odd), join(words, "; ")));
  }

  void order_parts() {
    std::stable_sort(judged_.parts.begin(), judged_.parts.end(),
                     [](const auto& a, const auto& b) { return a.size() > b.size(); });
  }

  // That more than half of the nodes of a type have, where they agree.
  void take_usual_devices() {
    std::map<std::string, std::map<size_t, size_t>> counts;
    std::map<std::string, size_t> nodes;
    for (const MeshNode& node : mesh_.nodes) {
      if (!node.joined) continue;
      ++counts[type_of(node)][node.devices];
      ++nodes[type_of(node)];
    }
    for (const auto& [type, count] : counts) {
      for (const auto& [devices, times] : count) {
        if (2 * times > nodes[type]) usual_devices_[type] = devices;
      }
    }
  }

  [[nodiscard]] static std::string type_of(const MeshNode& node) {
    return node.value(MeshAttribute::kType).value_or("");
  }

  // Whether it was told.
  bool judge_devices(const MeshNode& node) {
    const auto usual = usual_devices_.find(type_of(node));
    if (usual == usual_devices_.end() || node.devices >= usual->second) return false;
    fails(kMeshFewerDevices, node.name,
          fmt::format("{} EFA devices, others {}", node.devices, usual->second));
    return true;
  }

  void judge_node(int rank, bool slow, bool all_fail) {
    const auto at = static_cast<size_t>(rank);
    const MeshNode& node = mesh_.nodes[at];
    NodeState& state = judged_.states[at];
    if (!node.joined) {
      state = NodeState::kAbsent;
      fails(kMeshAbsent, node.name, fmt::format("rank {} did not connect", rank));
    } else if (judge_devices(node)) {
      state = NodeState::kFails;
    } else if (view_.works[at]) {
      state = slow ? NodeState::kSlow : NodeState::kWorks;
      if (slow) {
        fails(kMeshSlow, node.name,
              fmt::format("at best {}", rate_words(best_rate(mesh_, rank).value_or(0))));
      }
    } else if (is_guilty(mesh_, view_, rank)) {
      state = NodeState::kFails;
      fails(kMeshNodeFails, node.name, words_of_guilt(rank));
    } else if (node.lost.empty() && !all_fail) {
      add(kMeshNodeFails, FindingResult::kUnknown, node.name, words_of_doubt(rank));
    }
    if (node.lost.empty()) return;
    state = NodeState::kLost;
    fails(kMeshLost, node.name, node.lost);
  }

  // "fails with each of 3 working nodes (n2,n7,n9) by pair.unreachable (3 of 3 tests): ..."
  [[nodiscard]] std::string words_of_guilt(int rank) const {
    const std::vector<int> partners = failed_with(mesh_, view_, rank);
    return fmt::format("fails with each of {} working nodes ({}), by {}", partners.size(),
                       names_of(mesh_, partners),
                       cause_of(meetings_with(MeshResult::kFails, rank)));
  }

  [[nodiscard]] std::string words_of_doubt(int rank) const {
    const auto failed = meetings_with(MeshResult::kFails, rank);
    if (!failed.empty()) return "too few tests to blame it or another: " + cause_of(failed);
    const auto untested = meetings_with(MeshResult::kUntested, rank);
    if (!untested.empty()) return "could not be tested: " + cause_of(untested);
    return view_.parts ? fmt::format("met no other node of its {}", words_of(*view_.parts))
                       : "met no other node";
  }

  void judge_odd() {
    for (const MeshMeeting* meeting : view_.odd) {
      const bool apart = view_.sides.side_of(meeting->one) != view_.sides.side_of(meeting->other);
      if (is_split_ && apart) continue;
      fails(kMeshPairFails, name_of(meeting->one) + " and " + name_of(meeting->other),
            cause_of({meeting}));
    }
  }

  const MeshFacts& mesh_;
  const MeshView view_;
  MeshJudgement judged_;
  std::map<std::string, size_t> usual_devices_;  // of a type
  bool is_split_ = false;
};

}  // namespace

const char* word_of(NodeState state) {
  constexpr const char* kWords[] = {"works", "slow", "fails", "unknown", "absent", "lost"};
  return kWords[static_cast<size_t>(state)];
}

std::string names_of(const MeshFacts& mesh, const std::vector<int>& ranks) {
  std::vector<std::string> names;
  names.reserve(ranks.size());
  for (const int rank : ranks) names.push_back(mesh.nodes[static_cast<size_t>(rank)].name);
  return host_list_of(std::move(names));
}

MeshJudgement judge_mesh(const MeshFacts& mesh) {
  return MeshJudge(mesh).judge();
}

}  // namespace efa
