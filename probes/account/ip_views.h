// What the rules make, for IP, of each set of security groups that interfaces are in: whether SSH
// is open to everybody, and whether HTTPS leads out. Pure.
#pragma once

#include <map>
#include <optional>

#include "probes/account/coverage.h"

namespace efa {

// Whether the rule lets that port of TCP through, to or from its peer.
bool covers_tcp(const AccountRule& rule, int port);

struct IpView {
  bool complete = false;                // all rules of its groups are known
  std::optional<Rules::Row> open;       // lets tcp 22 in from all addresses
  std::optional<Rules::Row> listed;     // from the addresses of a prefix list
  bool leads_out = false;               // lets tcp 443 out to a range of addresses or a prefix list
  std::optional<Rules::Row> elsewhere;  // to a group that is none of its own
};

class IpViews {
 public:
  explicit IpViews(const AccountFacts& facts) : rules_(facts) {}

  // `groups`: sorted.
  const IpView& of(const GroupIds& groups);
  // Of groups that were not told.
  static const IpView& of_nothing();

 private:
  [[nodiscard]] IpView look_at(const GroupIds& groups) const;

  Rules rules_;
  std::map<GroupIds, IpView> views_;
};

}  // namespace efa
