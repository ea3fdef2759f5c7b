// efa-doctor image-check: the software of an image, without a node with EFA devices.
#pragma once

#include "agent/cli/once.h"

namespace efa {

// Of `options` config, format (text, json), output and sysroot. Returns the exit code.
int run_image_check(const OnceOptions& options);

}  // namespace efa
