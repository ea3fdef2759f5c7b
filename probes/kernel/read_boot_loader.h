// What the boot loader of an image hands to a kernel, as far as it keeps efa out.
#pragma once

#include <string>
#include <vector>

#include "probes/base/result.h"
#include "probes/protocol/probe_main.h"

namespace efa {

// Each "/etc/default/grub: module_blacklist=efa" that the kernel `release` would be given, those
// first of which the others are made; and what of it could not be read.
std::vector<Result<std::string>> read_boot_loader(const Look& look, const std::string& release);

}  // namespace efa
