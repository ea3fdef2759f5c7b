// Asks AWS of each call that efa-doctor account makes whether the caller may make it, and nothing
// else: EC2 by DryRun, others about things that do not exist. Each is a section of its own, by its
// action.
#pragma once

#include "probes/account/calls.h"
#include "probes/account/read.h"

namespace efa {

void read_own_rights(Calls& calls, const TakeFacts& take);

}  // namespace efa
