// The daemon in place of itself, with nothing of what it had gathered. It executes itself rather
// than end and be restarted: the process id stays, no rule of a service manager is needed, and no
// moment passes in which nobody watches. Pending signals wait for the new one.
#pragma once

#include "agent/watch/watch.h"

namespace efa {

// All descriptors end but the standard ones and that of the accepted configuration. Returns only
// when it could not be done, and logs why.
void become_anew(const WatchOptions& options, int config_fd);

}  // namespace efa
