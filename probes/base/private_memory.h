// For processes that hold secrets, their own or others'.
#pragma once

namespace efa {

// Keys and environments must not end in a core dump, nor be read by another process of the user.
void keep_memory_private();

}  // namespace efa
