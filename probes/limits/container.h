// Is what was looked at a container, of what kind, and is it confined to the devices it was given?
// Interface: capabilities(7), proc_pid_status(5); the files by which runtimes mark a container.
#pragma once

#include "probes/limits/facts.h"
#include "probes/protocol/probe_main.h"

namespace efa {

void read_container(const Look& look, LimitsFacts& facts);

}  // namespace efa
