// The part of probe-gpu that looks at Fabric Manager and at what else goes with NVIDIA's driver.
#pragma once

#include "probes/gpu/facts.h"
#include "probes/protocol/probe_main.h"

namespace efa {

void read_fabric_manager(const Look& look, FabricManager& manager);
// Of DKMS; nothing where the driver comes from a container of the GPU Operator.
std::optional<std::string> read_nvidia_on_disk(const Look& look, const GpuFacts& facts);

}  // namespace efa
