// The checks of the kernel and its modules: their codes and texts. A code is API: never renamed,
// never reused.
#pragma once

#include "probes/judging/check.h"
#include "probes/judging/installer.h"

namespace efa {

inline constexpr Check kKernelDriverNotInstalled{
    .code = "kernel.driver-not-installed",
    .severity = Severity::kCritical,
    .actor = Actor::kImageOwner,
    .rung = Rung::kDriver,
    .title = "The running kernel has no efa driver",
    .meaning = "No EFA device gets a driver; no process can use EFA.",
    .seen_by =
        "modules.dep and modules.builtin of the running kernel name no efa, and it is not loaded.",
    .remedy =
        "Drain the node, then build it for this kernel or run the EFA installer, which ends with a "
        "reboot; after a kernel update its DKMS build may have failed for lack of kernel headers.",
    .drain_first = true,
    .on_bottlerocket = kNewerBottlerocket,
};

inline constexpr Check kKernelDriverNotLoaded{
    .code = "kernel.driver-not-loaded",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .rung = Rung::kDriver,
    .may_come_late = true,
    .title = "The efa driver is not loaded",
    .meaning = "No EFA device has a driver; no process can use EFA.",
    .seen_by = "/sys/module/efa is absent while EFA devices are present.",
    .remedy = "Load it, and find out why it was not loaded at boot.",
    .command = "sudo modprobe efa",
    .causes = {"kernel.driver-not-installed", "kernel.driver-blocked"},
};

inline constexpr Check kKernelDriverBlocked{
    .code = "kernel.driver-blocked",
    .severity = Severity::kCritical,
    .actor = Actor::kImageOwner,
    .rung = Rung::kDriver,
    .title = "A modprobe configuration keeps the efa driver out",
    .meaning = "The driver is not loaded at boot.",
    .seen_by =
        "A file in modprobe.d blacklists efa or installs it as true or false, or the kernel's "
        "command "
        "line has modprobe.blacklist=efa or module_blacklist=efa.",
    .remedy =
        "Comment the line out, or remove the argument from the boot loader's configuration and "
        "reboot once drained; then load the driver.",
    .on_bottlerocket =
        "Set settings.kernel.modules.efa.allowed of Bottlerocket to true (apiclient set), or leave "
        "it out of the user data; then drain and reboot.",
};

inline constexpr Check kKernelUverbsNotLoaded{
    .code = "kernel.uverbs-not-loaded",
    .severity = Severity::kCritical,
    .actor = Actor::kImageOwner,
    .rung = Rung::kNode,
    .may_come_late = true,
    .title = "ib_uverbs is not loaded",
    .meaning = "There are no /dev/infiniband/uverbs nodes; no process can use EFA.",
    .seen_by =
        "/sys/module/ib_uverbs is absent while EFA devices are present, and none has a uverbs "
        "device.",
    .remedy =
        "Load it; where it is missing, install the kernel's extra modules (linux-modules-extra on "
        "Ubuntu).",
    .command = "sudo modprobe ib_uverbs",
    .causes = {"kernel.driver-not-installed", "kernel.driver-not-loaded", "kernel.driver-blocked"},
};

inline constexpr Check kKernelRdmaNetnsExclusive{
    .code = "kernel.rdma-netns-exclusive",
    .severity = Severity::kInfo,
    .actor = Actor::kNodeOperator,
    .title = "RDMA devices belong to one network namespace",
    .meaning = "Processes in other network namespaces (containers) cannot open them.",
    .seen_by = "/sys/module/ib_core/parameters/netns_mode is N.",
    .remedy =
        "If containers are to use EFA: set the option, remove what sets the mode to exclusive, "
        "drain the node and reboot it; the mode cannot be changed while a container has a network "
        "namespace.",
    .command = "echo 'options ib_core netns_mode=1' | sudo tee /etc/modprobe.d/zz-rdma-netns.conf",
    .drain_first = true,
    .on_bottlerocket = "Remove what sets the mode to exclusive; then drain the node and reboot.",
};

inline constexpr Check kKernelOtherRdmaStack{
    .code = "kernel.other-rdma-stack",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "Another RDMA stack (MLNX_OFED) lies beside the kernel's",
    .meaning = "An efa module built for one does not load, or crashes, with the other.",
    .seen_by = "/usr/src/ofa_kernel exists, which only MLNX_OFED makes.",
    .remedy = "Keep one RDMA stack in the image.",
};

inline constexpr const Check* kKernelChecks[] = {
    &kKernelDriverNotInstalled, &kKernelDriverNotLoaded,    &kKernelDriverBlocked,
    &kKernelUverbsNotLoaded,    &kKernelRdmaNetnsExclusive, &kKernelOtherRdmaStack};

struct Node;
struct Expectation;
class Findings;
void judge_kernel(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
