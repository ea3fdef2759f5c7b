// Whether EFA reaches the memory of the accelerators, and what keeps it from that.
#pragma once

#include "probes/judging/node.h"

namespace efa {

// Of a node whose GPUs have NVIDIA's driver.
void judge_nvidia_paths(const Node& node, const Expectation& expectation, Findings& findings);
// Of a node whose Neuron devices have theirs.
void judge_neuron_path(const Node& node, const Expectation& expectation, Findings& findings);
// The file that names who provides peer memory.
std::string attribute_path(const GpuFacts& facts);
// A critical check where the type demands the path; lighter where it is not known to have one.
void say_weighed(const Check& check, FindingResult result, const std::string& message,
                 const Evidence& evidence, const Expectation& expectation, Findings& findings);
// That no source tells does not put the node in doubt: it weighs less than a file that is closed.
void say_not_decidable(const Check& check, const std::string& why, const Evidence& evidence,
                       Findings& findings);

}  // namespace efa
