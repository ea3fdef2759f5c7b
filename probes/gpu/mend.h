// What opens a way to the memory of accelerators on this node: another efa, another driver of
// NVIDIA's, a newer kernel. Each is tried on the facts, so that none is named that opens nothing.
// Pure.
#pragma once

#include <optional>
#include <string>

#include "probes/gpu/ways.h"
#include "probes/judging/node.h"

namespace efa {

struct Mend {
  std::string remedy;           // "" where none is known: that of the check holds
  std::string command;          // "" where there is none to paste
  bool by_lost_driver = false;  // the efa that was installed and is not the loaded one is enough
};

// Of a node whose GPUs EFA reaches by no way. `grace`: as nvidia_dmabuf() takes it.
Mend nvidia_mend(const Node& node, const std::optional<TopologyCheck>& grace);
// The same of Neuron devices.
Mend neuron_mend(const Node& node);
// Of an efa that does not know the pages of NVIDIA's driver: the one that was installed and is not
// loaded, where that knows them.
Mend pages_mend(const Node& node);
// P2P of NVIDIA would be open, or may be, with the efa that was installed and is not loaded.
bool lost_driver_opens_p2p(const Node& node);

}  // namespace efa
