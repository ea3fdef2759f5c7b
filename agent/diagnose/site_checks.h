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
     "code is not site.<what-is-wrong>, subject is empty, result or severity is not a known word, "
     "or "
     "it "
     "is one of more than 200.",
     "Correct the probe; the README says what a finding looks like.",
     "",
     {}},
    {"probe.left-processes",
     Severity::kInfo,
     Actor::kNodeOperator,
     Rung::kNone,
     "A site's own probe left processes behind",
     "They were killed; one that is left in each pass would fill the node.",
     "They became children of the agent when the probe ended.",
     "Let the probe wait for what it starts; a daemon is started by a unit of its own.",
     "",
     {}},
};

}  // namespace efa
