// The agent's own log: standard error, or the journal when systemd reads it.
#pragma once

namespace efa {
void log_to_stderr();
}  // namespace efa
