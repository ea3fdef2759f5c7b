// The checks of why the kernel does not take the efa module that is there: their codes and texts. A
// code is API: never renamed, never reused.
#pragma once

#include "probes/judging/check.h"
#include "probes/judging/installer.h"

namespace efa {

inline constexpr Check kKernelModulesDisabled{
    .code = "kernel.modules-disabled",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .rung = Rung::kDriver,
    .title = "The kernel takes no more modules until it boots anew",
    .meaning = "efa was not loaded before that, and cannot be loaded now.",
    .seen_by =
        "/proc/sys/kernel/modules_disabled is 1 while efa is not loaded; in an image, sysctl.d "
        "sets it and modules-load.d does not name efa.",
    .remedy =
        "Have efa loaded early at boot, drain the node and reboot; what sets "
        "kernel.modules_disabled must come later.",
    .command = "echo efa | sudo tee /etc/modules-load.d/efa.conf && sudo reboot",
    .drain_first = true,
    .on_bottlerocket =
        "Leave kernel.modules_disabled out of settings.kernel.sysctl of Bottlerocket; then drain "
        "the node and reboot.",
};

inline constexpr Check kKernelUverbsNotInstalled{
    .code = "kernel.uverbs-not-installed",
    .severity = Severity::kCritical,
    .actor = Actor::kImageOwner,
    .rung = Rung::kDriver,
    .title = "The kernel has no ib_uverbs",
    .meaning = "efa cannot be loaded without it.",
    .seen_by =
        "Neither modules.dep nor modules.builtin of the running kernel names ib_uverbs.ko, and efa "
        "is not loaded.",
    .remedy =
        "Install the package with the kernel's further modules (linux-modules-extra, "
        "kernel-modules-extra, kernel-modules), or a kernel that has InfiniBand.",
    .command = "find /lib/modules/\"$(uname -r)\" -name 'ib_uverbs*'",
};

inline constexpr Check kKernelDriverMismatch{
    .code = "kernel.driver-mismatch",
    .severity = Severity::kCritical,
    .actor = Actor::kImageOwner,
    .rung = Rung::kDriver,
    .title = "The efa module was built for another kernel or RDMA stack",
    .meaning = "The kernel refuses it.",
    .seen_by =
        "The kernel log has efa: Unknown symbol, disagrees about version of symbol, version magic, "
        "module uses symbol from namespace, .gnu.linkonce.this_module, or failed to validate "
        "module [efa] BTF, and efa is not loaded; or the vermagic of its file is of another kernel "
        "and has no modversions.",
    .remedy =
        "Build it anew against the RDMA stack that is loaded: without MLNX_OFED by DKMS or the EFA "
        "installer, with it against its ofa_kernel. (insmod instead of modprobe has the same "
        "effect.)",
    .takes_installer = true,
    .on_bottlerocket = kNewerBottlerocket,
    .causes = {"kernel.uverbs-not-installed"},
};

inline constexpr Check kKernelDriverUnsigned{
    .code = "kernel.driver-unsigned",
    .severity = Severity::kCritical,
    .actor = Actor::kImageOwner,
    .rung = Rung::kDriver,
    .title = "The kernel takes signed modules only, and efa is not signed",
    .meaning = "The kernel refuses it.",
    .seen_by =
        "/sys/kernel/security/lockdown is integrity or confidentiality, or module.sig_enforce is "
        "Y, and the module's file has no signature at its end; or the kernel log has Loading of "
        "unsigned module is rejected (module with unavailable key, with unsupported crypto), and "
        "nothing else keeps efa out.",
    .remedy =
        "Sign the module with a key that the machine's Secure Boot knows, use the distribution's "
        "own efa, or launch without Secure Boot and lockdown=.",
    .command = "modinfo -n efa; modinfo -F signer efa; mokutil --sb-state",
};

inline constexpr Check kKernelDriverUnsupported{
    .code = "kernel.driver-unsupported",
    .severity = Severity::kCritical,
    .actor = Actor::kImageOwner,
    .rung = Rung::kDriver,
    .title = "SUSE's modprobe refuses efa as an unsupported module",
    .meaning = "The driver is not loaded.",
    .seen_by =
        "The last allow_unsupported_modules of modprobe.d, whose files count in the order of their "
        "names, is 0, and modinfo of efa has no supported: yes or external.",
    .remedy =
        "Use the efa of SUSE's own kernel (EFA installer with --skip-kmod), or allow unsupported "
        "modules.",
    .command =
        "echo 'allow_unsupported_modules 1' | sudo tee /etc/modprobe.d/zz-unsupported-modules.conf "
        "&& sudo modprobe efa",
    .on_bottlerocket = kNewerBottlerocket,
};

inline constexpr Check kKernelDriverStuck{
    .code = "kernel.driver-stuck",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .rung = Rung::kDriver,
    .title = "The efa driver did not come through its start or its end",
    .meaning = "Devices have no driver, and it can neither be unloaded nor loaded again.",
    .seen_by =
        "/sys/module/efa/initstate is coming or going, a device has no driver, and the kernel log "
        "has no word of efa's start or end in the last minute.",
    .remedy =
        "Drain and reboot. With MLNX_OFED on the node it returns: keep one RDMA stack, or build "
        "efa against MLNX_OFED.",
    .command = "sudo dmesg | grep -iE 'efa|Oops|BUG' | tail -n 40; sudo reboot",
    .drain_first = true,
    .causes = {"log.driver-crash"},
};

inline constexpr const Check* kLoadingChecks[] = {
    &kKernelModulesDisabled, &kKernelUverbsNotInstalled, &kKernelDriverMismatch,
    &kKernelDriverUnsigned,  &kKernelDriverUnsupported,  &kKernelDriverStuck};

struct Node;
struct Expectation;
class Findings;
void judge_loading(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
