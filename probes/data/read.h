// What probe-data does with libibverbs and libefa.
#pragma once

#include "probes/data/library.h"
#include "probes/protocol/probe_main.h"

namespace efa {

// Options: "lock-directory", where a test takes a lock file for its device.
void read_data(const Look& look, DataLibrary& library);

}  // namespace efa
