// Asks AWS of each call that efa-doctor account makes whether the caller may make it, and nothing
// else: EC2 by DryRun, others about things that do not exist, S3 about a report that does: of one
// that does not, a denial would say nothing. Each is a section of its own, by its action.
#pragma once

#include "probes/account/calls.h"
#include "probes/account/read.h"

namespace efa {

// `reports`: "s3://bucket/prefix", which is that of the calls' settings; "" for none.
void read_own_rights(Calls& calls, const std::string& region, const std::string& reports,
                     const TakeFacts& take);

}  // namespace efa
