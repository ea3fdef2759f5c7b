// Is what was looked at a container, of what kind, and is it confined to the devices it was given?
// Interface: capabilities(7), proc_pid_status(5), namespaces(7); the marks that runtimes leave,
// which systemd-detect-virt (virt.c) goes by as well. A host may have an overlay for a root, and
// the files of the container image that it was made of.
#pragma once

#include "probes/limits/facts.h"
#include "probes/protocol/probe_main.h"

namespace efa {

void read_container(const Look& look, LimitsFacts& facts);

}  // namespace efa
