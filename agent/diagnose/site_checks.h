// The checks of a site's own probes: their codes and texts. A code is API: never renamed, never
// reused.
#pragma once

#include "probes/protocol/check.h"

namespace efa {

inline constexpr Check kSiteChecks[] = {
    {"probe.malformed-finding",
     Severity::kWarning,
     Actor::kNodeOperator,
     Rung::kNone,
     "A finding of a site's own probe is malformed",
     "What it wanted to say is not in the report.",
     "code is not site.<what-is-wrong>, subject is empty, or result or severity is no known word.",
     "Mend the probe; the README says what a finding looks like.",
     "",
     {}},
};

}  // namespace efa
