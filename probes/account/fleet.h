// The EFA interfaces of a fleet by the security groups that they are in. Interfaces of the same
// groups fare alike: a fleet of thousands has two or three such sets. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "probes/account/coverage.h"
#include "probes/account/facts.h"

namespace efa {

// Sorted, each once.
GroupIds sorted(const std::vector<SharedText>& shared);

bool is_instance_of(const AccountFacts& facts, const std::string& id);
bool is_efa(const AccountInterface& interface);
std::vector<const AccountInterface*> efa_interfaces(const AccountInstance& instance);
// Known not to: stopped, or on the way to it.
bool does_not_run(const AccountInstance& instance);
// An interface of which it is not known whether it is one.
bool has_untold_type(const AccountInstance& instance);

struct Members {
  size_t interfaces = 0;
  size_t instances = 0;
};

struct Fleet {
  explicit Fleet(const AccountFacts& facts);

  std::map<GroupIds, Members> sets;  // the groups of EFA interfaces, and who is in exactly these
  GroupIds held;                     // each group of those
  size_t instances = 0;              // that have EFA
  bool whole = true;                 // no instance and no interface's groups are missing
};

// The sets of one instance's EFA interfaces, those told.
std::map<GroupIds, std::vector<const AccountInterface*>> sets_of(const AccountInstance& instance);

}  // namespace efa
