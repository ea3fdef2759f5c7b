// Asks AWS's API about a fleet, kind by kind and page by page. A kind that is denied or fails does
// not end the others.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "probes/account/calls.h"
#include "probes/account/facts.h"

namespace efa {

// Which instances: those of the ids, or those that run and match every filter ("tag:Fleet",
// "train").
struct FleetQuery {
  std::vector<std::string> ids;
  std::vector<std::pair<std::string, std::string>> filters;
  std::string session_log_group = {};  // "": as the account's preferences of sessions say
};

inline constexpr size_t kMostInstances = 20'000;

bool is_instance_id(const std::string& text);

// Is given what came, part by part: elements of lists, each once. Nothing of it is kept: 5,000
// instances with 32 interfaces are 100 MB.
using TakeFacts = std::function<void(const AccountFacts& part)>;

void read_account(Calls& calls, const std::string& region, const FleetQuery& query,
                  const TakeFacts& take);

}  // namespace efa
