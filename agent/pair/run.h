// The executable that efa-doctor pair becomes, with any library of devices.
#pragma once

#include "probes/data/library.h"

namespace efa {

// data-pair JSON, as options.h has it. Returns the exit code.
int run_pair(int argc, char** argv, DataLibrary& library);

}  // namespace efa
