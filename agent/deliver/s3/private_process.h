// What the uploader's process is to the rest of the machine: it hides its memory, and ends when it
// is asked to.
#pragma once

#include "agent/deliver/s3/clock.h"

namespace efa {

// Keys must not end in a core dump, nor be read by another process of the same user.
void keep_memory_private();

// The machine's clocks; SIGTERM and SIGINT end a sleep and are `stopped` from then on. Once.
Clock clock_of_process();

}  // namespace efa
