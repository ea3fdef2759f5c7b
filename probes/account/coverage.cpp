#include "probes/account/coverage.h"

#include <algorithm>

namespace efa {

bool contains(const GroupIds& groups, const std::string& group) {
  return std::binary_search(groups.begin(), groups.end(), group);
}

bool is_for_all_protocols(const AccountRule& rule) {
  return rule.protocol == "-1";
}

Allowed both(Allowed a, Allowed b) {
  if (a == Allowed::kNo || b == Allowed::kNo) return Allowed::kNo;
  return a == Allowed::kYes && b == Allowed::kYes ? Allowed::kYes : Allowed::kUnknown;
}

Rules::Rules(const AccountFacts& facts) {
  for (const AccountGroup& group : facts.groups) groups_.emplace(group.id, &group);
}

std::vector<Rules::Row> Rules::rows(const GroupIds& groups, Direction direction) const {
  std::vector<Row> rows;
  for (const std::string& id : groups) {
    const auto found = groups_.find(id);
    if (found == groups_.end()) continue;
    for (const AccountRule& rule : found->second->rules) {
      if (rule.egress == (direction == Direction::kOut)) rows.push_back({found->second, &rule});
    }
  }
  return rows;
}

bool Rules::are_complete(const GroupIds& groups) const {
  return !groups.empty() && std::all_of(groups.begin(), groups.end(), [&](const auto& id) {
    const auto found = groups_.find(id);
    return found != groups_.end() && found->second->exists && found->second->complete;
  });
}

bool Rules::leads(const GroupIds& groups, Direction direction, const GroupIds& peers) const {
  const std::vector<Row> all = rows(groups, direction);
  return std::any_of(all.begin(), all.end(), [&](const Row& row) {
    return is_for_all_protocols(*row.rule) && row.rule->peer && contains(peers, row.rule->peer->id);
  });
}

Allowed Rules::allows(const GroupIds& groups, Direction direction, const GroupIds& peers) const {
  if (leads(groups, direction, peers)) return Allowed::kYes;
  return are_complete(groups) ? Allowed::kNo : Allowed::kUnknown;
}

bool Rules::refers_to_itself(const std::string& group, Direction direction) const {
  return leads({group}, direction, {group});
}

// EFA does not leave its VPC: what a peering connection leads to is no peer.
bool Rules::refers_elsewhere(const GroupIds& groups, Direction direction,
                             const GroupIds& peers) const {
  const std::vector<Row> all = rows(groups, direction);
  return std::any_of(all.begin(), all.end(), [&](const Row& row) {
    const auto& peer = row.rule->peer;
    return is_for_all_protocols(*row.rule) && peer && !peer->peering && !contains(peers, peer->id);
  });
}

Allowed Rules::passes(const GroupIds& from, const GroupIds& to) const {
  return both(allows(from, Direction::kOut, to), allows(to, Direction::kIn, from));
}

Passage Rules::way(const GroupIds& a, const GroupIds& b) const {
  const bool documented = std::any_of(a.begin(), a.end(), [&](const std::string& group) {
    return contains(b, group) && refers_to_itself(group, Direction::kIn) &&
           refers_to_itself(group, Direction::kOut);
  });
  if (documented) return Passage::kDocumented;
  switch (both(passes(a, b), passes(b, a))) {
    case Allowed::kYes:
      return Passage::kUndocumented;
    case Allowed::kNo:
      return Passage::kNone;
    default:
      return Passage::kUnknown;
  }
}

}  // namespace efa
