// What probe-fabric asks of one libfabric.
#pragma once

#include "probes/fabric/library.h"
#include "probes/protocol/probe_main.h"

namespace efa {

void read_fabric(const Look& look, FabricLibrary& library);

}  // namespace efa
