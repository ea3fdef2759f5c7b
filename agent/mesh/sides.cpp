#include "agent/mesh/sides.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "agent/pair/figures.h"
#include "probes/pair/checks.h"

namespace efa {
namespace {

constexpr size_t kEnough = 2;        // working nodes with which a node must fail to be blamed
constexpr size_t kEnoughAcross = 3;  // meetings that fail before something parts the nodes

// Every one of them has that node: then it is the node and not what it differs in.
bool have_one_in_common(const std::vector<const MeshMeeting*>& meetings) {
  const auto all_have = [&](int rank) {
    return std::all_of(meetings.begin(), meetings.end(),
                       [&](const MeshMeeting* one) { return one->has(rank); });
  };
  return meetings.empty() || all_have(meetings[0]->one) || all_have(meetings[0]->other);
}

std::optional<std::vector<const MeshMeeting*>> failures_across(const MeshFacts& mesh,
                                                               MeshAttribute attribute) {
  std::vector<const MeshMeeting*> failures;
  for (const MeshMeeting& meeting : mesh.meetings) {
    if (meeting.outcome.result == MeshResult::kUntested) continue;
    if (crosses(mesh, meeting, attribute) != true) continue;
    if (meeting.outcome.result == MeshResult::kWorks) return std::nullopt;
    failures.push_back(&meeting);
  }
  if (failures.size() < kEnoughAcross || have_one_in_common(failures)) return std::nullopt;
  return failures;
}

void find_what_parts(const MeshFacts& mesh, MeshView& view) {
  std::vector<const MeshMeeting*> first;
  for (size_t i = 0; i < kMeshAttributes; ++i) {
    const auto attribute = static_cast<MeshAttribute>(i);
    const auto failures = failures_across(mesh, attribute);
    if (!failures) continue;
    if (!view.parts) {
      view.parts = attribute;
      first = *failures;
    } else if (*failures == first) {
      view.parts_too.push_back(attribute);
    } else if (failures->size() > first.size()) {  // it explains more
      view.parts = attribute;
      view.parts_too.clear();
      first = *failures;
    }
  }
}

}  // namespace

MeshSides::MeshSides(size_t nodes) : parent_(nodes) {
  std::iota(parent_.begin(), parent_.end(), 0);
}

int MeshSides::side_of(int rank) const {
  const auto at = [&](int one) -> int& { return parent_[static_cast<size_t>(one)]; };
  while (at(rank) != rank) rank = at(rank) = at(at(rank));
  return rank;
}

void MeshSides::join(int one, int other) {
  parent_[static_cast<size_t>(side_of(one))] = side_of(other);
}

MeshView view_of(const MeshFacts& mesh) {
  const size_t count = mesh.nodes.size();
  MeshView view{.parts = {}, .parts_too = {}, .sides = MeshSides(count), .works = {}, .odd = {}};
  view.works.resize(count);
  for (const MeshMeeting& meeting : mesh.meetings) {
    if (meeting.outcome.result != MeshResult::kWorks) continue;
    view.sides.join(meeting.one, meeting.other);
    view.works[static_cast<size_t>(meeting.one)] = true;
    view.works[static_cast<size_t>(meeting.other)] = true;
  }
  find_what_parts(mesh, view);
  for (const MeshMeeting& meeting : mesh.meetings) {
    const bool odd = meeting.outcome.result == MeshResult::kFails &&
                     view.works[static_cast<size_t>(meeting.one)] &&
                     view.works[static_cast<size_t>(meeting.other)] &&
                     tells_of_node(mesh, view, meeting);
    if (odd) view.odd.push_back(&meeting);
  }
  return view;
}

std::optional<MeshAttribute> told_by(const MeshMeeting& meeting) {
  const std::string& code = meeting.outcome.code;
  if (code == kPairZoneDiffers.code) return MeshAttribute::kZone;
  if (code == kPairVpcDiffers.code) return MeshAttribute::kVpc;
  if (code == kPairTypesIncompatible.code) return MeshAttribute::kType;
  return std::nullopt;
}

bool tells_of_node(const MeshFacts& mesh, const MeshView& view, const MeshMeeting& meeting) {
  if (told_by(meeting)) return false;
  return !view.parts || crosses(mesh, meeting, *view.parts) != true;
}

std::vector<int> failed_with(const MeshFacts& mesh, const MeshView& view, int rank) {
  std::set<int> partners;
  for (const MeshMeeting& meeting : mesh.meetings) {
    if (!meeting.has(rank) || meeting.outcome.result != MeshResult::kFails) continue;
    const int partner = meeting.partner_of(rank);
    const bool tells =
        view.works[static_cast<size_t>(partner)] && tells_of_node(mesh, view, meeting);
    if (tells) partners.insert(partner);
  }
  return {partners.begin(), partners.end()};
}

bool is_guilty(const MeshFacts& mesh, const MeshView& view, int rank) {
  if (view.works[static_cast<size_t>(rank)]) return false;
  const std::vector<int> partners = failed_with(mesh, view, rank);
  if (partners.size() < kEnough) return false;
  if (view.odd.empty()) return true;
  std::set<int> sides;
  for (const int partner : partners) sides.insert(view.sides.side_of(partner));
  const std::vector<int> large = large_sides(mesh, view);
  return std::all_of(large.begin(), large.end(), [&](int side) { return sides.contains(side); });
}

std::optional<double> best_rate(const MeshFacts& mesh, int rank) {
  std::optional<double> best;
  for (const MeshMeeting& meeting : mesh.meetings) {
    if (!meeting.has(rank) || !meeting.outcome.rate) continue;
    best = std::max(best.value_or(0), *meeting.outcome.rate);
  }
  return best;
}

std::vector<bool> maybe_slow_nodes(const MeshFacts& mesh) {
  constexpr double kSlow = 0.7;  // as between the devices of a pair
  std::vector<std::optional<double>> bests;
  std::vector<double> known;
  for (size_t rank = 0; rank < mesh.nodes.size(); ++rank) {
    bests.push_back(best_rate(mesh, static_cast<int>(rank)));
    if (bests.back()) known.push_back(*bests.back());
  }
  const std::optional<double> median = median_of(known);
  std::vector<bool> slow;
  slow.reserve(bests.size());
  for (const auto& best : bests) slow.push_back(best && *best < kSlow * *median);
  return slow;
}

std::vector<bool> slow_nodes(const MeshFacts& mesh) {
  const std::vector<bool> slow = maybe_slow_nodes(mesh);
  std::vector<size_t> partners(slow.size());  // two never meet twice
  std::vector<bool> met_usual(slow.size());
  for (const MeshMeeting& meeting : mesh.meetings) {
    if (!meeting.outcome.rate) continue;
    const auto one = static_cast<size_t>(meeting.one);
    const auto other = static_cast<size_t>(meeting.other);
    ++partners[one];
    ++partners[other];
    if (slow[one] != slow[other]) met_usual[slow[one] ? one : other] = true;
  }
  std::vector<bool> sure(slow.size());
  for (size_t i = 0; i < slow.size(); ++i) {
    sure[i] = slow[i] && met_usual[i] && partners[i] >= kEnough;
  }
  return sure;
}

std::vector<int> members_of(const MeshFacts& mesh, const MeshView& view, int side) {
  std::vector<int> members;
  for (int rank = 0; rank < static_cast<int>(mesh.nodes.size()); ++rank) {
    if (view.sides.side_of(rank) == side) members.push_back(rank);
  }
  return members;
}

std::vector<int> large_sides(const MeshFacts& mesh, const MeshView& view) {
  std::set<int> sides;
  for (int rank = 0; rank < static_cast<int>(mesh.nodes.size()); ++rank) {
    if (view.works[static_cast<size_t>(rank)]) sides.insert(view.sides.side_of(rank));
  }
  return {sides.begin(), sides.end()};
}

}  // namespace efa
