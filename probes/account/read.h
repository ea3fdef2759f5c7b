// Asks AWS's API about a fleet, kind by kind and page by page. A kind that is denied or fails does
// not end the others.
#pragma once

#include <functional>
#include <string>

#include "probes/account/calls.h"
#include "probes/account/facts.h"
#include "probes/account/query.h"

namespace efa {

inline constexpr size_t kMostInstances = 20'000;

// Is given what came, part by part: elements of lists, each once. Nothing of it is kept: 5,000
// instances with 32 interfaces are 100 MB.
using TakeFacts = std::function<void(const AccountFacts& part)>;

void read_account(Calls& calls, const std::string& region, const FleetQuery& query,
                  const TakeFacts& take);

}  // namespace efa
