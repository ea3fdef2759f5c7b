// What the uploader's process is to the rest of the machine: it ends when it is asked to.
#pragma once

#include "probes/aws/clock.h"

namespace efa {

// The machine's clocks; SIGTERM and SIGINT end a sleep and are `stopped` from then on. Once.
Clock clock_of_process();

}  // namespace efa
