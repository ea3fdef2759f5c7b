// Where a file of module efa lies in a kernel's folder, and what of that folder is gone.
// Interface: depmod.d(5) for the folders that are searched, modules.dep(5).
#pragma once

#include <string>
#include <vector>

#include "probes/kernel/facts.h"
#include "probes/protocol/probe_main.h"

namespace efa {

// "updates/dkms/efa.ko.zst", in the order in which depmod prefers them; links that lead nowhere
// too.
std::vector<std::string> find_module_files(const Look& look, const std::string& release);

// Whether what should hold that path was seen, and it is not there, or is a link that leads
// nowhere: only of a path that could not be opened because it was not found. A copy of a machine
// that has no folder kernel/ was made without modules, and tells nothing.
bool is_gone(const Look& look, const std::string& release, const std::string& path);

// Of a kernel whose modules.dep could not be read: whether that, or all of its modules, is gone.
void read_lost_modules(const Look& look, KernelFacts& facts);

}  // namespace efa
