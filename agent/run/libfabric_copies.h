// The copies of libfabric that a node may have: the one that the loader finds by itself, and those
// of the EFA installer.
#pragma once

#include <vector>

#include "agent/run/runner.h"

namespace efa {

// What links libfabric, once for each directory: its name is the launch's, then
// ":/opt/amazon/efa/lib64".
std::vector<Launch> for_each_libfabric(const Launch& system);

}  // namespace efa
