// What modprobe and the kernel are told to keep out.
#pragma once

#include <string>

#include "probes/kernel/facts.h"
#include "probes/protocol/probe_main.h"

namespace efa {

void read_modprobe(const Look& look, KernelFacts& facts);
// With what the boot loader will hand to the kernel `release`.
void read_modprobe_of_image(const Look& look, const std::string& release, KernelFacts& facts);
// Of an image: whether its sysctl.d closes the kernel to modules. The last word of it holds.
void read_sysctl(const Look& look, KernelFacts& facts);

}  // namespace efa
