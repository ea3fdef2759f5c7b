// The part of the judge of RDMA devices that is about their answers: whether a device still answers
// the driver, as the reading of its counters shows.
#pragma once

#include <string>

#include "probes/judging/node.h"

namespace efa {

// Binds the device anew.
ShellCommand rebind_command(const std::string& subject);
// Unless a process holds it: the kernel would take it away all the same.
ShellCommand rebind_command(const RdmaDevice& device);
void judge_answer(const Node& node, const RdmaDevice& device, Findings& findings);

}  // namespace efa
