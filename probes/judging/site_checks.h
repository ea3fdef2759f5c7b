// The checks of a site's own probes: their codes and texts. A code is API: never renamed, never
// reused.
#pragma once

#include "probes/judging/check.h"

namespace efa {

inline constexpr Check kProbeMalformedFinding{
    .code = "probe.malformed-finding",
    .severity = Severity::kWarning,
    .actor = Actor::kNodeOperator,
    .title = "A finding of a site's own probe is malformed",
    .meaning = "What it wanted to say is not in the report.",
    .seen_by =
        "code is not site.<what-is-wrong>, subject is empty, result or severity is not a known "
        "word, "
        "or it is one of more than 200.",
    .remedy = "Correct the probe; the README says what a finding looks like.",
};

inline constexpr Check kProbeLeftProcesses{
    .code = "probe.left-processes",
    .severity = Severity::kInfo,
    .actor = Actor::kNodeOperator,
    .title = "A site's own probe left processes behind",
    .meaning = "They were killed; one that is left in each pass would fill the node.",
    .seen_by = "They became children of the agent when the probe ended.",
    .remedy = "Let the probe wait for what it starts; a daemon is started by a unit of its own.",
};

inline constexpr const Check* kSiteChecks[] = {&kProbeMalformedFinding, &kProbeLeftProcesses};

}  // namespace efa
