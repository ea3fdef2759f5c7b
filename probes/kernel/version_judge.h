// Judges which efa is loaded, beside those that lie on disk.
#pragma once

#include <string>

namespace efa {

struct KernelFacts;
struct Node;
class Findings;
// "efa/3.1.0", the newest that DKMS has, built or not; "" where it has none that could be pasted.
std::string newest_of_dkms(const KernelFacts& facts);
// Where EFA is expected and there.
void judge_versions(const Node& node, Findings& findings);

}  // namespace efa
