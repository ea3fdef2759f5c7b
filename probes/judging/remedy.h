// What is to be done about a finding, so that it runs as printed on the node that it is of: the one
// place where commands are filled in. Rows of checks and judges give the parts.
#pragma once

#include <string>
#include <vector>

#include "probes/judging/node.h"

namespace efa {

// Of what fails: the check's command where its judge gave none; in a container, on Bottlerocket and
// where the newest EFA installer does not run, what applies there. All commands with this
// instance's id and region.
void complete_remedies(const Node& node, std::vector<Finding>& findings);

// To paste, for all of these findings: one loop where a command is the same for several subjects,
// a command that is printed twice once.
std::vector<std::string> commands_of(const std::vector<const Finding*>& findings);
// The one of this finding; "" when there is none.
std::string command_of(const Finding& finding);

}  // namespace efa
