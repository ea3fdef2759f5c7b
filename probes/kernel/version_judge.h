// Judges which efa is loaded, beside those that lie on disk.
#pragma once

#include "probes/judging/loaded_driver.h"

namespace efa {

class Findings;
// Where EFA is expected and there.
void judge_versions(const Node& node, Findings& findings);

}  // namespace efa
