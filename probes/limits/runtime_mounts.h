// By what a container's runtime mounts in it, which one it is. Interface: what Docker, Podman,
// containerd and Kubernetes mount over /etc/hosts, /etc/hostname and /etc/resolv.conf, and kubelet
// at /dev/termination-log; what LXD and Incus (shmounts of driver_lxc.go), lxcfs and enroot
// (lock_file of runtime.sh) mount; of which layers the root is made, also by Charliecloud
// (ch_core.c) and Sarus (Runtime.cpp).
#pragma once

#include <string>
#include <string_view>

#include "probes/protocol/mounts.h"

namespace efa {

// "755 725 259:1 /var/lib/kubelet/pods/<uid>/etc-hosts /etc/hosts rw - ext4 /dev/x rw" ->
// "kubernetes"; "" of a mount that shows none.
std::string container_of_mount(const Mount& mount);
// "/io.containerd.snapshotter." of a root in whose layers' paths that is: by it the container is
// known; "" of others.
std::string_view layers_of_root(const Mount& mount);
// "/" is the whole of a disk, of memory or of an export: no runtime gives a container such a root,
// and what lies in it is the machine's own.
bool is_root_of_machine(const Mount& mount);
// /dev as the kernel fills it (devtmpfs), with all device nodes of the machine.
bool is_dev_of_kernel(const Mount& mount);

}  // namespace efa
