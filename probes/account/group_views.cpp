#include "probes/account/group_views.h"

namespace efa {

GroupViews::GroupViews(const AccountFacts& facts) : fleet_(facts), rules_(facts) {
  for (const auto& [groups, members] : fleet_.sets) {
    views_[groups] = {.in = allows(groups, Direction::kIn), .out = allows(groups, Direction::kOut)};
  }
  if (!are_compared()) return;
  for (auto& [groups, view] : views_) compare(groups, view);
}

// A group that nobody known is in may be that of peers who were not asked for.
Allowed GroupViews::allows(const GroupIds& groups, Direction direction) const {
  const Allowed answer = rules_.allows(groups, direction, fleet_.held);
  const bool others_seen = fleet_.whole && fleet_.instances > 1;
  const bool elsewhere = rules_.refers_elsewhere(groups, direction, fleet_.held);
  return answer == Allowed::kNo && !others_seen && elsewhere ? Allowed::kUnknown : answer;
}

// The few are to be changed, not the many.
bool GroupViews::is_smaller(const GroupIds& groups, const GroupIds& other) const {
  const size_t mine = fleet_.sets.at(groups).interfaces;
  const size_t theirs = fleet_.sets.at(other).interfaces;
  return mine != theirs ? mine < theirs : groups > other;
}

void GroupViews::compare(const GroupIds& groups, GroupView& view) const {
  for (const auto& [other, members] : fleet_.sets) {
    // with itself where two instances are in it; one alone will have peers like itself
    if (other == groups && members.instances == 1 && fleet_.instances > 1) continue;
    weigh(groups, other, view);
  }
}

void GroupViews::weigh(const GroupIds& groups, const GroupIds& other, GroupView& view) const {
  const bool mine_passes = view.passes() == Allowed::kYes;
  const size_t mine = fleet_.sets.at(groups).interfaces;
  const bool other_passes = views_.at(other).passes() == Allowed::kYes;
  switch (rules_.way(groups, other)) {
    case Passage::kNone:
      if (other_passes && (other == groups || !mine_passes || is_smaller(groups, other))) {
        view.apart_from = &other;
      }
      break;
    case Passage::kUndocumented:
      if (mine <= fleet_.sets.at(other).interfaces) view.undocumented = &other;
      break;
    case Passage::kUnknown:
      view.unseen = &other;
      break;
    case Passage::kDocumented:
      break;
  }
}

}  // namespace efa
