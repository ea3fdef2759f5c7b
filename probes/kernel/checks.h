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
    .title = "The kernel has no efa driver",
    .meaning = "No EFA device gets a driver; no process can use EFA.",
    .seen_by =
        "efa is not loaded, and modules.dep and modules.builtin of the running kernel name none, "
        "though its file may lie there; or modules.dep is missing, or names a file that is not "
        "there or is no module; or /lib/modules has the modules of other kernels only.",
    .remedy =
        "Drain the node, then build it for this kernel or run the EFA installer, which ends with a "
        "reboot; after a kernel update its DKMS build may have failed for lack of kernel headers "
        "or of memory.",
    .drain_first = true,
    .takes_installer = true,
    .on_bottlerocket = kNewerBottlerocket,
    .on_suse = kSusesOwnDriver,
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
    .causes = {"kernel.driver-not-installed", "kernel.modules-disabled", "kernel.driver-blocked",
               "kernel.uverbs-not-installed", "kernel.driver-mismatch", "kernel.driver-unsigned",
               "kernel.driver-unsupported"},
};

inline constexpr Check kKernelDriverBlocked{
    .code = "kernel.driver-blocked",
    .severity = Severity::kCritical,
    .actor = Actor::kImageOwner,
    .rung = Rung::kDriver,
    .title = "A modprobe configuration keeps the efa driver out",
    .meaning = "The driver is not loaded at boot, or not at all.",
    .seen_by =
        "A file in modprobe.d blacklists efa, installs it, ib_uverbs or ib_core by a command that "
        "does not load it, or makes efa or its devices an alias of something else; or the kernel's "
        "command line (of an image what GRUB or the boot loader's entries will make of it) has "
        "modprobe.blacklist=efa, or module_blacklist= with one of the three.",
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
    .causes = {"kernel.driver-not-installed", "kernel.uverbs-not-installed",
               "kernel.driver-not-loaded", "kernel.driver-blocked"},
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
    .seen_by =
        "/usr/src/ofa_kernel exists, or modules.dep of the kernel names an ib_core below "
        "mlnx-ofa_kernel, or one that DKMS has built: only MLNX_OFED (DOCA) makes them.",
    .remedy = "Keep one RDMA stack in the image.",
};

inline constexpr Check kKernelDriverStale{
    .code = "kernel.driver-stale",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .rung = Rung::kDriver,
    .title = "The efa driver that is loaded is not the one on disk",
    .meaning =
        "EFA devices that only the one on disk knows have no driver. Where all devices have one it "
        "is no fault (info): another driver is in use than was installed.",
    .seen_by =
        "srcversion or version of /sys/module/efa against the module's file, what DKMS built and "
        "what the EFA installer names; unbound devices whose id modules.alias has.",
    .remedy =
        "Drain the node and load the one on disk; where it was not built for this kernel, have it "
        "built, or run the EFA installer again. If the old one returns after a boot, the initramfs "
        "holds it: rebuild that (dracut -f, update-initramfs -u).",
    .causes = {"kernel.driver-stuck"},
};

inline constexpr Check kKernelNextKernel{
    .code = "kernel.next-kernel-without-driver",
    .severity = Severity::kWarning,
    .actor = Actor::kImageOwner,
    .title = "The kernel that boots next has no efa driver",
    .meaning = "EFA works now, and will not once that kernel runs.",
    .seen_by =
        "GRUB's environment and configuration, or the first entry of its menu (grub.cfg), name "
        "another kernel than the running one, and its /lib/modules has no efa, nor is it built "
        "in; or its modules.alias gives efa other device ids than that of a device here.",
    .remedy =
        "Build the driver for that kernel before it boots (its headers must be installed), or let "
        "the running one boot.",
    .on_bottlerocket = kNewerBottlerocket,
};

inline constexpr Check kKernelKexecOldDriver{
    .code = "kernel.kexec-with-old-driver",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "A kernel is ready for kexec, and efa is older than 2.10",
    .meaning = "The driver leaves devices running; the kernel that kexec starts may panic.",
    .seen_by = "/sys/kernel/kexec_loaded is 1 and /sys/module/efa/version below 2.10.",
    .remedy = "Drain the node and reboot it through the firmware, or run a newer EFA installer.",
    .command = "sudo kexec --unload",
    .takes_installer = true,
};

inline constexpr Check kKernelPeermemBuild{
    .code = "kernel.peermem-build-failed",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "DKMS could not build efa_nv_peermem for the running kernel",
    .meaning = "NVIDIA drivers that need the module (gpu.peermem-missing) give EFA no GPU memory.",
    .seen_by =
        "/var/lib/dkms/efa-nv-peermem has a make.log of a build for the running kernel, and no "
        "module for it.",
    .remedy =
        "Read make.log. Missing headers, too little memory and, on RHEL 10.1, versions before "
        "1.2.3 are known reasons.",
    .command = "tail -n 40 /var/lib/dkms/efa-nv-peermem/*/build/make.log",
    .on_bottlerocket = kNewerBottlerocket,
};

inline constexpr const Check* kKernelChecks[] = {
    &kKernelDriverNotInstalled, &kKernelDriverNotLoaded,    &kKernelDriverBlocked,
    &kKernelUverbsNotLoaded,    &kKernelRdmaNetnsExclusive, &kKernelOtherRdmaStack,
    &kKernelDriverStale,        &kKernelNextKernel,         &kKernelKexecOldDriver,
    &kKernelPeermemBuild};

struct Node;
struct Expectation;
class Findings;
void judge_kernel(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
