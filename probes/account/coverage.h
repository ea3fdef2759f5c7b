// What the rules of security groups let through between EFA interfaces. EFA's addresses are not IP:
// only a rule for all protocols (-1) that refers to a group lets EFA through, in each direction on
// its own; a range of addresses or a prefix list never does. AWS documents one form, a group that
// refers to itself (EC2 User Guide, "Get started with EFA"). Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "probes/account/facts.h"

namespace efa {

using GroupIds = std::vector<std::string>;  // sorted, each once

enum class Direction { kIn, kOut };
enum class Allowed { kNo, kYes, kUnknown };

// Of two that are both needed.
Allowed both(Allowed a, Allowed b);

// How EFA passes between the interfaces of two sets of groups.
enum class Passage {
  kNone,
  kDocumented,    // inside one group that refers to itself in both directions
  kUndocumented,  // by rules that add up to it: whether EFA passes is not documented
  kUnknown,       // not all rules are known
};

class Rules {
 public:
  explicit Rules(const AccountFacts& facts);

  // Whether interfaces in `groups` have a rule that lets EFA through from, or to, one of `peers`.
  [[nodiscard]] Allowed allows(const GroupIds& groups, Direction direction,
                               const GroupIds& peers) const;
  [[nodiscard]] Passage way(const GroupIds& a, const GroupIds& b) const;

  [[nodiscard]] bool refers_to_itself(const std::string& group, Direction direction) const;
  // Refers, for all protocols, to a group of the same VPC that is none of `peers`.
  [[nodiscard]] bool refers_elsewhere(const GroupIds& groups, Direction direction,
                                      const GroupIds& peers) const;
  // The rules of that direction in these groups, with the group that has each.
  struct Row {
    const AccountGroup* group;
    const AccountRule* rule;
  };
  [[nodiscard]] std::vector<Row> rows(const GroupIds& groups, Direction direction) const;
  [[nodiscard]] bool are_complete(const GroupIds& groups) const;

 private:
  [[nodiscard]] bool leads(const GroupIds& groups, Direction direction,
                           const GroupIds& peers) const;
  [[nodiscard]] Allowed passes(const GroupIds& from, const GroupIds& to) const;

  std::map<std::string, const AccountGroup*> groups_;
};

bool is_for_all_protocols(const AccountRule& rule);
bool contains(const GroupIds& groups, const std::string& group);

}  // namespace efa
