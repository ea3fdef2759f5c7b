#include "agent/mesh/rounds.h"

#include <algorithm>
#include <random>
#include <set>

#include "agent/mesh/sides.h"

namespace efa {
namespace {

class Round {
 public:
  Round(const MeshFacts& mesh, uint64_t seed)
      : mesh_(mesh), view_(view_of(mesh)), generator_(seed + static_cast<uint64_t>(mesh.rounds)) {
    for (size_t rank = 0; rank < mesh.nodes.size(); ++rank) {
      if (mesh.nodes[rank].is_there()) free_.push_back(static_cast<int>(rank));
    }
    // Fisher and Yates: std::shuffle differs between libraries
    for (size_t i = free_.size(); i > 1; --i) std::swap(free_[i - 1], free_[generator_() % i]);
    for (const MeshMeeting& meeting : mesh.meetings) {
      met_.insert({meeting.one, meeting.other});
      met_.insert({meeting.other, meeting.one});
    }
  }

  std::vector<std::pair<int, int>> of_chance() {
    while (free_.size() > 1) {
      const int one = free_.back();
      if (!meet(one, [](int) { return true; })) free_.pop_back();
    }
    return std::move(pairs_);
  }

  // Of a suspect, somebody who works, of a side with which it has not failed yet; where nobody
  // works, others like it. Then sides that may be one.
  std::vector<std::pair<int, int>> of_doubt() {
    const std::vector<bool> slow = maybe_slow_nodes(mesh_);
    const std::vector<bool> surely_slow = slow_nodes(mesh_);
    const std::vector<int> suspects = free_;
    for (const int rank : suspects) {
      const auto at = static_cast<size_t>(rank);
      if (slow[at] && !surely_slow[at]) {
        meet(rank, [&](int other) { return works(other) && !slow[static_cast<size_t>(other)]; });
      }
      if (!works(rank) && !is_guilty(mesh_, view_, rank)) confront(rank);
    }
    if (!view_.odd.empty()) join_sides();
    return std::move(pairs_);
  }

 private:
  [[nodiscard]] bool works(int rank) const { return view_.works[static_cast<size_t>(rank)]; }

  [[nodiscard]] bool is_parted(int one, int other) const {
    return view_.parts && crosses(mesh_, {.one = one, .other = other}, *view_.parts) == true;
  }

  // The first who is free, was not met yet and is not parted from it anyway.
  template <class Fits>
  bool meet(int rank, Fits fits) {
    const auto self = std::find(free_.begin(), free_.end(), rank);
    if (self == free_.end()) return false;
    const auto other = std::find_if(free_.begin(), free_.end(), [&](int one) {
      return one != rank && !met_.contains({rank, one}) && !is_parted(rank, one) && fits(one);
    });
    if (other == free_.end()) return false;
    const int partner = *other;
    pairs_.emplace_back(partner, rank);
    std::erase_if(free_, [&](int one) { return one == rank || one == partner; });
    return true;
  }

  void confront(int rank) {
    std::set<int> known;
    for (const int partner : failed_with(mesh_, view_, rank)) {
      known.insert(view_.sides.side_of(partner));
    }
    const bool met =
        meet(rank,
             [&](int one) { return works(one) && !known.contains(view_.sides.side_of(one)); }) ||
        meet(rank, [&](int one) { return works(one); });
    if (met) return;
    const bool any = std::any_of(free_.begin(), free_.end(), [&](int one) {
      return one != rank && works(one) && !is_parted(rank, one);
    });
    if (!any) meet(rank, [&](int one) { return !works(one); });
  }

  // Where working nodes fail with each other: are there two sides, or only few meetings yet?
  void join_sides() {
    std::set<int> sides;
    for (const int side : large_sides(mesh_, view_)) {
      if (sides.contains(side)) continue;
      for (const int rank : members_of(mesh_, view_, side)) {
        const bool met = meet(rank, [&](int one) {
          const int other = view_.sides.side_of(one);
          return works(one) && other != side && !sides.contains(other) && !are_apart(side, other);
        });
        if (!met) continue;
        sides.insert({side, view_.sides.side_of(pairs_.back().first)});
        break;
      }
    }
  }

  [[nodiscard]] bool are_apart(int one, int other) const {
    constexpr int kEnough = 2;
    int failures = 0;
    for (const MeshMeeting* meeting : view_.odd) {
      const std::pair<int, int> met{view_.sides.side_of(meeting->one),
                                    view_.sides.side_of(meeting->other)};
      if (met == std::pair(one, other) || met == std::pair(other, one)) ++failures;
    }
    return failures >= kEnough;
  }

  const MeshFacts& mesh_;
  const MeshView view_;
  std::mt19937_64 generator_;
  std::vector<int> free_;
  std::set<std::pair<int, int>> met_;
  std::vector<std::pair<int, int>> pairs_;
};

}  // namespace

std::vector<std::pair<int, int>> next_round(const MeshFacts& mesh, uint64_t seed) {
  if (mesh.rounds >= kMostRounds) return {};
  Round round(mesh, seed);
  return mesh.rounds < kRoundsOfChance ? round.of_chance() : round.of_doubt();
}

}  // namespace efa
