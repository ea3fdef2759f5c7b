// What probe-kernel looks at where efa does not drive all that it should: the module's own file.
#pragma once

#include "probes/kernel/facts.h"
#include "probes/protocol/probe_main.h"

namespace efa {

void read_module_on_disk(const Look& look, KernelFacts& facts);

// "0xefa1": those that the modules.alias of that kernel gives to efa.
std::optional<std::vector<std::string>> read_known_ids(const Look& look,
                                                       const std::string& release);

}  // namespace efa
