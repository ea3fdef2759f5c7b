// Is what was looked at a container, of what kind, and is it confined to the devices it was given?
// Interface: proc_pid_mountinfo(5), capabilities(7); what Docker, Podman, containerd and Kubernetes
// mount over /etc/hosts, /etc/hostname and /etc/resolv.conf, and kubelet at /dev/termination-log.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "probes/limits/facts.h"
#include "probes/protocol/probe_main.h"

namespace efa {

// "755 725 259:1 /var/lib/kubelet/pods/<uid>/etc-hosts /etc/hosts rw - ext4 /dev/x rw" ->
// "kubernetes"; "" for a mount that shows none.
std::string container_of_mount(std::string_view line);
// "CapBnd:\t000001ffffffffff" of /proc/<pid>/status: are all there, up to the kernel's last?
std::optional<bool> has_all_capabilities(std::string_view line, unsigned last);

void read_container(const Look& look, LimitsFacts& facts);

}  // namespace efa
