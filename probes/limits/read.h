// What probe-limits looks at, and its parts that look for what memory jobs will be allowed to lock.
#pragma once

#include "probes/limits/facts.h"
#include "probes/protocol/probe_main.h"

namespace efa {

void read_limits(const Look& look);

// After the running services: theirs are read too.
void read_units(const Look& look, LimitsFacts& facts);
void read_manager(const Look& look, LimitsFacts& facts);
// limits.conf, the PAM stacks of sshd and Slurm, sshd_config, slurm.conf, daemon.json.
void read_sessions(const Look& look, LimitsFacts& facts);

}  // namespace efa
