// The parts of judge_loading: why a module efa that is there is not loaded.
#pragma once

namespace efa {

struct Check;
struct Node;
class Findings;
// Of the module's file. Comes last, after judge_kernel too: a refusal that names no module is taken
// for efa's only where `findings` has no other cause.
void judge_module_file(const Node& node, Findings& findings);

void say_unread_log(const Check& check, const Node& node, Findings& findings);

}  // namespace efa
