// What closes a way to the memory of NVIDIA's GPUs: a check for each cause.
#pragma once

#include <optional>
#include <string>

#include "probes/gpu/ways.h"
#include "probes/judging/node.h"

namespace efa {

// Whether this kernel keeps efa from symbols that are not for GPL only; nothing where that shows
// neither in its number nor in its log.
std::optional<bool> keeps_symbols_back(const Node& node);
// As NVIDIA's Driver Installation Guide has it for its own repositories; "" for another system.
std::string open_modules_command(const std::string& os);
// P2P: the proprietary driver, an efa that is too old for the driver, a shim that is not loaded.
void judge_closed_p2p(const Node& node, const Expectation& expectation, Findings& findings);
// Of a Grace node, whether its GPUs' memory is mapped by PCIe for EFA: by what the driver asks for
// and by what it has logged since boot. Nothing of another node.
std::optional<TopologyCheck> mapping_check(const Node& node, const Expectation& expectation);
// dma-buf on Grace: what the driver refuses to map by PCIe.
void judge_refused_mapping(const Node& node, const TopologyCheck& mapping, Findings& findings);

}  // namespace efa
