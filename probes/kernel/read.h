// What probe-kernel looks at.
#pragma once

#include "probes/protocol/probe_main.h"

namespace efa {

// The option that names an installed kernel, which is looked at instead of the running one: of
// that nothing is loaded, and no more is told than what lies on disk.
inline constexpr const char* kInstalledKernel = "installed-kernel";

void read_kernel(const Look& look);

}  // namespace efa
