// Which of several copies of a library programs load.
#pragma once

#include "probes/judging/findings.h"
#include "probes/software/facts.h"

namespace efa {

void judge_copies(const SoftwareFacts& facts, Findings& findings);

}  // namespace efa
