// By what a container's runtime mounts in it, which one it is. Interface: what Docker, Podman,
// containerd and Kubernetes mount over /etc/hosts, /etc/hostname and /etc/resolv.conf, and kubelet
// at /dev/termination-log.
#pragma once

#include <string>

#include "probes/protocol/mounts.h"

namespace efa {

// "755 725 259:1 /var/lib/kubelet/pods/<uid>/etc-hosts /etc/hosts rw - ext4 /dev/x rw" ->
// "kubernetes"; "" of a mount that shows none.
std::string container_of_mount(const Mount& mount);

}  // namespace efa
