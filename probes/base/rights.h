// What a process may do beyond its user: capabilities(7).
#pragma once

#include <cstdint>
#include <optional>

namespace efa {

// All of them, but for one where that is said, for good: for who has seen what it needed them for.
void give_up_capabilities(std::optional<int> but_for = std::nullopt);
// What it may lock, as ulimit -l says; nothing: any number, also by CAP_IPC_LOCK.
std::optional<int64_t> lockable_bytes();

}  // namespace efa
