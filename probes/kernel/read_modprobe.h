// What modprobe and the kernel are told to keep out.
#pragma once

#include "probes/kernel/facts.h"
#include "probes/protocol/probe_main.h"

namespace efa {

void read_modprobe(const Look& look, KernelFacts& facts);
// Of an image: whether its sysctl.d closes the kernel to modules. The last word of it holds.
void read_sysctl(const Look& look, KernelFacts& facts);

}  // namespace efa
