// Asks IAM what the roles of a fleet's instances may do, by their own policies, and SSM where it
// logs the sessions that they would have to log.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "probes/account/calls.h"
#include "probes/account/facts.h"

namespace efa {

struct RolesQuery {
  std::string region;
  std::string session_log_group;  // "": as the account's preferences of sessions say
  std::string bucket;             // "bucket/prefix" that nodes put their reports into; "": none
};

void read_roles(Calls& calls, const RolesQuery& query, const std::set<std::string>& profiles,
                const std::function<void(AccountFacts part)>& give);

}  // namespace efa
