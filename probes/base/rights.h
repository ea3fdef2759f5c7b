// What a process may do beyond its user: capabilities(7).
#pragma once

namespace efa {

// All of them, for good: for who has seen what it needed them for.
void give_up_capabilities();

}  // namespace efa
