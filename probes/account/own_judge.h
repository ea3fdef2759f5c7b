// What AWS says of the node's own instance, judged beside what the node sees.
#pragma once

#include "probes/judging/node.h"

namespace efa {

// Why there is less than was asked for becomes a word of the section of instances.
void tell_of_outcome(AccountFacts& facts, const ProbeOutcome& outcome);
// The node's own EFA interfaces, where AWS told the type of each.
std::optional<int> attached_by_account(const Node& node);
// Nothing where AWS was not asked. What is said of the instance is said of the node.
void judge_own_account(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
