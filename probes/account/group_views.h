// What the rules make of each set of security groups that EFA interfaces of a fleet are in. Pure.
#pragma once

#include <map>

#include "probes/account/coverage.h"
#include "probes/account/fleet.h"

namespace efa {

struct GroupView {
  Allowed in = Allowed::kUnknown;  // rules let EFA in from a group of the fleet
  Allowed out = Allowed::kUnknown;
  // Sets of the fleet, null when there is none:
  const GroupIds* apart_from = nullptr;    // that this one does not reach, and is to be changed
  const GroupIds* undocumented = nullptr;  // that it reaches by rules AWS does not document
  const GroupIds* unseen = nullptr;        // of which that is not known

  [[nodiscard]] Allowed passes() const { return both(in, out); }
};

class GroupViews {
 public:
  // Every set is compared with every other, up to so many; a fleet has two or three.
  static constexpr size_t kMost = 200;

  explicit GroupViews(const AccountFacts& facts);

  [[nodiscard]] const GroupView& of(const GroupIds& groups) const { return views_.at(groups); }
  [[nodiscard]] bool are_compared() const { return fleet_.sets.size() <= kMost; }
  [[nodiscard]] const Fleet& fleet() const { return fleet_; }
  [[nodiscard]] const Rules& rules() const { return rules_; }

 private:
  [[nodiscard]] Allowed allows(const GroupIds& groups, Direction direction) const;
  void compare(const GroupIds& groups, GroupView& view) const;
  void weigh(const GroupIds& groups, const GroupIds& other, GroupView& view) const;
  [[nodiscard]] bool is_smaller(const GroupIds& groups, const GroupIds& other) const;

  Fleet fleet_;
  Rules rules_;
  std::map<GroupIds, GroupView> views_;
};

}  // namespace efa
