// The same over the libfabric that the loader finds: messages to a peer, nothing else.
#pragma once

#include <memory>

#include "probes/data/library.h"

namespace efa {

std::unique_ptr<DataLibrary> open_libfabric();

}  // namespace efa
