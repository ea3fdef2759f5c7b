// The copies of libfabric that this node has, and the process that has a device by one of them.
#pragma once

#include <string>
#include <vector>

#include "agent/pair/device_end.h"
#include "agent/pair/protocol.h"

namespace efa {

std::vector<PairCopy> list_copies(const PairGround& ground);
bool is_usable(const std::vector<PairCopy>& copies, int number);

// As this process has it, but for what would change how libfabric or the loader work.
std::vector<std::string> environment_for(const PairCopy& copy);

}  // namespace efa
