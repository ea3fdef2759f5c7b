// The parts of the judge of limits that are about locked memory.
#pragma once

#include "probes/judging/node.h"

namespace efa {

// The services through which jobs come.
void judge_services(const Node& node, Findings& findings);
// A login over ssh, and the shell, job or container that asked.
void judge_sessions(const Node& node, Findings& findings);

}  // namespace efa
