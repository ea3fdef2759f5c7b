// Security groups and their rules in words, and the command that adds the rule that is missing.
#pragma once

#include <string>
#include <vector>

#include "probes/account/coverage.h"
#include "probes/judging/check.h"

namespace efa {

// "sg-1", "sg-1 and sg-2"
std::string words_of(const GroupIds& groups);
// "eni-1", or "32 EFA interfaces"
std::string words_of(const std::vector<const AccountInterface*>& interfaces);
// "sg-1: all to 0.0.0.0/0, tcp 443 to sg-2"; "none" without any; the first eight.
std::string words_of(const std::vector<Rules::Row>& rows);
// "tcp 443 to sg-2"
std::string words_of(const AccountRule& rule);

// Lets EFA through inside the group; nothing of an id that a shell would not take as it is.
ShellCommand command_for(const std::string& group, Direction direction, const std::string& region);

}  // namespace efa
