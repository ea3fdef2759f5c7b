// The part of judge_kernel that asks whether modprobe can find an efa for the running kernel.
#pragma once

namespace efa {

struct KernelFacts;
struct Node;
class Findings;
void judge_installed(const Node& node, Findings& findings);

// modules.dep names one that is there, and is a module as far as that could be seen.
bool has_module_to_load(const KernelFacts& facts);

}  // namespace efa
