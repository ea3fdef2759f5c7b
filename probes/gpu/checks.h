// The checks of accelerators: their codes and texts. A code is API: never renamed, never reused.
#pragma once

#include "probes/judging/check.h"
#include "probes/judging/installer.h"

namespace efa {

// Where it lost the driver that was installed. Of another probe, which is not included here.
inline constexpr std::string_view kLostDriver = "kernel.driver-stale";

inline constexpr Check kGpuNoMemoryPath{
    .code = "gpu.no-memory-path",
    .severity = Severity::kCritical,
    .actor = Actor::kImageOwner,
    .title = "EFA cannot reach the memory of the GPUs",
    .meaning =
        "On this instance type NCCL's plugin for EFA demands GPUDirect RDMA and refuses to start.",
    .seen_by =
        "P2P is closed: the attribute p2p of EFA names no provider, or the loaded efa does not "
        "know the NVIDIA driver's pages; and so is dma-buf: it takes NVIDIA's open kernel modules, "
        "a kernel of 5.12 or later and efa 1.16 or later.",
    .remedy =
        "Drain the node and open a way, in the image too. P2P takes the efa of the EFA installer, "
        "and NVIDIA's open kernel modules or a kernel that does not cut the proprietary ones off. "
        "dma-buf takes the open modules, a kernel of 5.12 or later and efa 1.16 or later.",
    .command = "head -n1 /proc/driver/nvidia/version; cat /sys/module/efa/version",
    .drain_first = true,
    .on_bottlerocket = kNewerBottlerocket,
    .on_suse = kNoGpusOnSuse,
    .causes = {"gpu.proprietary-cut-off", "gpu.efa-too-old-for-nvidia", "gpu.peermem-missing",
               "gpu.grace-refused", "gpu.access-denied-by-option", kLostDriver},
};

inline constexpr Check kGpuProprietaryCutOff{
    .code = "gpu.proprietary-cut-off",
    .severity = Severity::kWarning,
    .actor = Actor::kImageOwner,
    .title = "The kernel cuts EFA off from the proprietary NVIDIA driver",
    .meaning = "GPU memory is copied through the host on its way to EFA, or jobs fail.",
    .seen_by =
        "/proc/driver/nvidia/version does not say Open Kernel Module, the attribute p2p of EFA is "
        "empty, and the kernel is one that gives modules no symbols of proprietary ones, or has "
        "logged that it does not.",
    .remedy =
        "Drain the node and install NVIDIA's open kernel modules (Turing and newer GPUs), in the "
        "image too. A command that is printed is for NVIDIA's own package repository; a .run file "
        "takes -m=kernel-open. Fabric Manager must then be of exactly the driver's version, and "
        "P2P with NVIDIA 580 takes efa 2.17.3 or later.",
    .drain_first = true,
    .on_bottlerocket = kNewerBottlerocket,
};

inline constexpr Check kGpuEfaTooOld{
    .code = "gpu.efa-too-old-for-nvidia",
    .severity = Severity::kWarning,
    .actor = Actor::kImageOwner,
    .title = "The efa driver is too old for the NVIDIA driver",
    .meaning =
        "Each registration of GPU memory by P2P fails, though p2p names NVIDIA; NCCL's plugin "
        "before 1.19.2 has no other way on p4d, p5, p5e and p5en.",
    .seen_by =
        "/sys/module/nvidia/version is 580.65.06 or later and /sys/module/efa/version before "
        "2.17.3. It is critical where dma-buf is closed, or the plugin of this node takes none.",
    .remedy = "Drain the node and run a newer EFA installer, in the image too.",
    .command = kNewestInstaller,
    .drain_first = true,
    .on_bottlerocket = kNewerBottlerocket,
    .on_suse = kNoGpusOnSuse,
    .causes = {kLostDriver},
};

inline constexpr Check kGpuPeermemMissing{
    .code = "gpu.peermem-missing",
    .severity = Severity::kWarning,
    .actor = Actor::kNodeOperator,
    .title = "efa_nv_peermem is not loaded, and this NVIDIA driver needs it",
    .meaning = "P2P between EFA and the GPUs is closed; dma-buf may still be open.",
    .seen_by =
        "NVIDIA's open modules are of 515 to 535.129.03 or of 545, whose calls this kernel cuts "
        "off; p2p is empty and /sys/module/efa_nv_peermem absent.",
    .remedy =
        "Load it; where it is missing run the EFA installer again. Better: NVIDIA 535.146.02 or "
        "later, which does not need it.",
    .command = "sudo modprobe efa_nv_peermem",
    .takes_installer = true,
    .on_bottlerocket = kNewerBottlerocket,
    .causes = {"kernel.peermem-build-failed", "gpu.peermem-stale"},
};

inline constexpr Check kGpuPeermemStale{
    .code = "gpu.peermem-stale",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "efa_nv_peermem was built for another NVIDIA driver",
    .meaning = "It may not be loaded at the next boot; NVIDIA 535.146.02 and later do without it.",
    .seen_by =
        "The kernel log has, of efa_nv_peermem, no symbol version for nvidia_p2p_ or disagrees "
        "about version of symbol nvidia_p2p_, since boot.",
    .remedy =
        "Build it anew in the image after each update of the NVIDIA driver. On this node the "
        "message is in the log until it is booted anew.",
    .command =
        "v=$(ls -d /usr/src/efa-nv-peermem-* | sed 's/.*-//' | sort -V | tail -n1); sudo dkms "
        "build --force -m efa-nv-peermem -v \"$v\" -k \"$(uname -r)\" && sudo dkms install --force "
        "-m efa-nv-peermem -v \"$v\" -k \"$(uname -r)\"",
    .on_bottlerocket = kNewerBottlerocket,
};

inline constexpr Check kGpuPluginNeedsP2p{
    .code = "gpu.plugin-needs-p2p",
    .severity = Severity::kWarning,
    .actor = Actor::kImageOwner,
    .title = "NCCL's plugin for EFA takes no dma-buf, and P2P is closed",
    .meaning =
        "NCCL with the plugin of this node refuses to start, though the drivers could reach the "
        "GPUs by dma-buf; a container with another plugin may do well.",
    .seen_by =
        "By efa_installed_packages the plugin is of 1.13.2 to 1.14.1; or of 1.14.2 to 1.19.1, and "
        "the EFA devices are 0xefa0, 0xefa1 or 0xefa2; P2P of the NVIDIA driver is closed.",
    .remedy =
        "Drain the node and run a newer EFA installer, in the image too: that of 1.49.0 brings "
        "plugin 1.20.0. Or give containers plugin 1.19.2 or later, or open P2P.",
    .command = kNewestInstaller,
    .drain_first = true,
    .on_bottlerocket = "Give the containers of jobs plugin 1.19.2 or later.",
    .on_suse = kNoGpusOnSuse,
    .causes = {"gpu.proprietary-cut-off", "gpu.efa-too-old-for-nvidia", "gpu.peermem-missing",
               kLostDriver, "gpu.no-memory-path"},
};

inline constexpr Check kGpuLibfabricNeedsP2p{
    .code = "gpu.libfabric-needs-p2p",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "libfabric registers addresses of GPU memory by P2P only, which is closed",
    .meaning =
        "A program that gives it such an address, as NIXL does, gets Bad address; one that gives "
        "dma-bufs, as NCCL's plugin does, works. Containers bring a libfabric of their own.",
    .seen_by =
        "P2P of the NVIDIA driver is closed, dma-buf is open, and a libfabric of this node that "
        "offers EFA is older than 2.5.0.",
    .remedy =
        "Drain the node and run a newer EFA installer, in the image too: that of 1.50.0 brings "
        "libfabric 2.6. Or open P2P.",
    .command = kNewestInstaller,
    .drain_first = true,
    .on_bottlerocket = "Give the containers of jobs libfabric 2.5 or later.",
    .on_suse = kNoGpusOnSuse,
    .causes = {"gpu.efa-too-old-for-nvidia", "gpu.peermem-missing"},
};

inline constexpr Check kGpuRangeMisaligned{
    .code = "gpu.range-misaligned",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "efa 3.3.0 asks NVIDIA's driver for ranges that are not aligned",
    .meaning = "GPU memory of a job could not be registered by P2P.",
    .seen_by =
        "The loaded efa is 3.3.0, and since boot NVRM has logged Invalid argument in "
        "nv_p2p_get_pages, address or length are not aligned.",
    .remedy =
        "Drain the node and install an efa driver of 3.3.1 or later, in the image too: EFA "
        "installer 1.51.0 brings it. The message is in the log until the node is booted anew.",
    .command = kNewestInstaller,
    .drain_first = true,
    .on_bottlerocket = kNewerBottlerocket,
    .on_suse = kNoGpusOnSuse,
};

inline constexpr Check kGpuGraceRefused{
    .code = "gpu.grace-refused",
    .severity = Severity::kCritical,
    .actor = Actor::kImageOwner,
    .title = "The NVIDIA driver refuses to map GPU memory for EFA by PCIe",
    .meaning = "Transfers of GPU memory fail, or register and then end with error 13.",
    .seen_by =
        "On a Grace node the IOMMU groups of a GPU and of an EFA device differ, and "
        "GrdmaPciTopoCheckOverride of /proc/driver/nvidia/params does not lift that; or the kernel "
        "log says topology not supported for mapping type FORCE_PCIE.",
    .remedy =
        "Drain the node. NVIDIA 570 to 594: set the option in the image (GPU Operator: in its "
        "ConfigMap). 595: go back to 580, of which 580.173.02 is proven.",
    .drain_first = true,
    .on_bottlerocket = kNewerBottlerocket,
};

inline constexpr Check kGpuAccessDenied{
    .code = "gpu.access-denied-by-option",
    .severity = Severity::kCritical,
    .actor = Actor::kImageOwner,
    .title = "An option of the NVIDIA driver denies EFA the GPU memory",
    .meaning = "No dma-buf of a GPU can be used by another device.",
    .seen_by =
        "/proc/driver/nvidia/params has GrdmaPciTopoCheckOverride: 2, and the driver is 580.65.06 "
        "or later.",
    .remedy =
        "Drain the node, remove the option from the files that are named (of /proc/cmdline: from "
        "the boot loader's), and reboot.",
    .command =
        "grep -rsl GrdmaPciTopoCheckOverride=2 /etc/modprobe.d /usr/lib/modprobe.d /run/modprobe.d "
        "/proc/cmdline",
    .drain_first = true,
};

inline constexpr Check kGpuNotClaimed{
    .code = "gpu.not-claimed",
    .severity = Severity::kWarning,
    .actor = Actor::kNodeOperator,
    .may_come_late = true,
    .title = "The NVIDIA driver has not taken a GPU",
    .meaning = "Jobs see one GPU fewer.",
    .seen_by =
        "The nvidia module is loaded, no other driver has the GPU, and it has no folder in "
        "/proc/driver/nvidia/gpus.",
    .remedy =
        "Read what the driver says of it; drain the node and reboot. If it stays, stop and start "
        "the instance, or replace it.",
    .command = "sudo dmesg | grep -E 'NVRM|Xid' | tail -n 40",
    .drain_first = true,
};

inline constexpr Check kGpuUserSpaceDiffers{
    .code = "gpu.user-space-differs",
    .severity = Severity::kWarning,
    .actor = Actor::kNodeOperator,
    .title = "NVIDIA's libraries and modules are of different versions",
    .meaning = "CUDA does not start.",
    .seen_by =
        "The kernel log has NVRM: API mismatch of the last hour (an older one is unknown: nobody "
        "may "
        "have tried since), or the versions of the modules nvidia and nvidia_uvm differ, or DKMS "
        "has installed another for this kernel than is loaded.",
    .remedy =
        "After an update of the driver: drain the node and reboot. A container that brings its own "
        "libcuda must leave it out.",
    .command = "sudo reboot",
    .drain_first = true,
};

inline constexpr Check kGpuFabricNotRunning{
    .code = "gpu.fabric-not-running",
    .severity = Severity::kWarning,
    .actor = Actor::kNodeOperator,
    .may_come_late = true,
    .title = "NVIDIA's Fabric Manager does not run",
    .meaning =
        "CUDA fails with 802, system not yet initialized, until it has set up the switches between "
        "the GPUs: no GPU memory reaches EFA.",
    .seen_by =
        "On p4d, p4de, p5.48xlarge, p5e, p5en, p6-b200 and p6-b300 neither "
        "nvidia-fabricmanager.service has a process nor is one named nv-fabricmanager.",
    .remedy =
        "Start it; where it ends again its log says why: /var/log/fabricmanager.log. Where the GPU "
        "Operator brings the driver, its driver pod runs it.",
    .command =
        "sudo systemctl enable --now nvidia-fabricmanager && systemctl --no-pager status "
        "nvidia-fabricmanager",
    .on_bottlerocket = "Drain the node and reboot it: the image starts Fabric Manager.",
    .causes = {"gpu.nvlink-modules", "gpu.fabric-version"},
};

inline constexpr Check kGpuFabricVersion{
    .code = "gpu.fabric-version",
    .severity = Severity::kWarning,
    .actor = Actor::kImageOwner,
    .title = "Fabric Manager is of another version than the NVIDIA driver",
    .meaning = "It ends when it is started, and CUDA fails with 802, system not yet initialized.",
    .seen_by =
        "No version of nvidia-fabricmanager that dpkg has is that of /sys/module/nvidia/version, "
        "nor that of the driver on disk; or it does not run, and /var/log/fabricmanager.log says "
        "that it does not match this driver.",
    .remedy =
        "Drain the node. Where the driver was updated too, reboot; else install Fabric Manager of "
        "exactly the driver's version, in the image too, and hold both at that version.",
    .drain_first = true,
    .on_bottlerocket = kNewerBottlerocket,
    .causes = {"gpu.user-space-differs"},
};

inline constexpr Check kGpuNvlinkModules{
    .code = "gpu.nvlink-modules",
    .severity = Severity::kWarning,
    .actor = Actor::kImageOwner,
    .may_come_late = true,
    .title = "Modules that NVLink needs are not loaded",
    .meaning =
        "Fabric Manager cannot set up NVLink 5: CUDA fails with 802 though nvidia-smi looks well.",
    .seen_by =
        "On p6-b200 and p6-b300 with functions 15b3:1021, mlx5_ib or ib_umad is not in "
        "/sys/module, nor does what it makes show: an RDMA device behind them, "
        "/sys/class/infiniband_mad.",
    .remedy =
        "Drain the node first: Fabric Manager is restarted. Load them at boot; Ubuntu has them in "
        "linux-modules-extra of the running kernel.",
    .command =
        "printf 'mlx5_ib\\nib_umad\\n' | sudo tee /etc/modules-load.d/nvlink5.conf && sudo "
        "modprobe "
        "-a mlx5_ib ib_umad && sudo systemctl restart nvidia-fabricmanager",
    .drain_first = true,
    .on_bottlerocket = kNewerBottlerocket,
};

inline constexpr Check kGpuNoLocalEfa{
    .code = "gpu.no-local-efa",
    .severity = Severity::kInfo,
    .actor = Actor::kAccountOwner,
    .title = "A GPU or Neuron device has no EFA device beside it",
    .meaning = "Its traffic crosses the processors: about half as fast, on p4d.",
    .seen_by =
        "By sysfs no EFA function is below its bridge; on p4d and p4de, on its root bus. It is a "
        "warning where all EFA devices of a type with GPUs are attached.",
    .remedy = "Launch the instance anew with an EFA interface on every network card.",
    .causes = {"pci.fewer-than-maximum", "pci.fewer-than-expected", "pci.device-vanished"},
};

inline constexpr Check kGpuGdaNotReady{
    .code = "gpu.gda-not-ready",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "GPUs cannot start EFA's transfers by themselves",
    .meaning = "EFA-GDA, which NCCL's plugin of this node could use, is off; the CPU starts them.",
    .seen_by =
        "On p5en, p6-b200 and p6-b300 with plugin 1.21 or later: efa is before 3.3.0, "
        "RegistryDwords of /proc/driver/nvidia/params has no PeerMappingOverride=1, or gdrdrv is "
        "not loaded or before 2.5.",
    .remedy =
        "Where jobs are to use it, drain the node and bring what is named, in the image too. Only "
        "one RegistryDwords counts: add to one that is there.",
    .drain_first = true,
    .on_bottlerocket = kNewerBottlerocket,
    .on_suse = kNoGpusOnSuse,
};

inline constexpr Check kGpuGdrcopyFlavour{
    .code = "gpu.gdrcopy-flavour",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "gdrdrv was built for another flavour of the NVIDIA driver",
    .meaning = "GDRCopy, with which small messages of GPU memory are copied, may be slow or fail.",
    .seen_by =
        "/proc/driver/gdrdrv/params, of gdrcopy 2.5 and later, says opensource where NVIDIA's "
        "proprietary modules are loaded, or proprietary where the open ones are.",
    .remedy = "Drain the node and build gdrdrv anew, in the image too, after such a change.",
    .command =
        "v=$(ls -d /usr/src/gdrdrv-* | sed 's/.*gdrdrv-//' | sort -V | tail -n1); sudo dkms build "
        "--force -m gdrdrv -v \"$v\" -k \"$(uname -r)\" && sudo dkms install --force -m gdrdrv -v "
        "\"$v\" -k \"$(uname -r)\" && sudo reboot",
    .drain_first = true,
    .on_bottlerocket = kNewerBottlerocket,
};

inline constexpr Check kGpuNeuronNoPath{
    .code = "gpu.neuron-no-path",
    .severity = Severity::kCritical,
    .actor = Actor::kImageOwner,
    .title = "EFA cannot reach the memory of the Neuron devices",
    .meaning = "Jobs on several nodes fail, or copy through the host.",
    .seen_by =
        "The attribute p2p of EFA does not name NEURON, and dma-buf takes a kernel of 5.15 or "
        "later and efa 1.16 or later.",
    .remedy =
        "Drain the node and run the EFA installer, in the image too, or boot a kernel of 5.15 or "
        "later.",
    .drain_first = true,
    .on_bottlerocket = kNewerBottlerocket,
    .on_suse =
        "Drain the node and boot a kernel of SUSE's own of 5.16 or later, whose efa takes "
        "dma-bufs: the EFA installer has no driver for SUSE.",
    .causes = {kLostDriver},
};

inline constexpr Check kGpuNeuronNotLoaded{
    .code = "gpu.neuron-not-loaded",
    .severity = Severity::kWarning,
    .actor = Actor::kNodeOperator,
    .may_come_late = true,
    .title = "No driver is bound to a Neuron device",
    .meaning = "No process can use the device.",
    .seen_by = "There is no driver link in sysfs of a Neuron function.",
    .remedy =
        "Load the driver; where it is missing install aws-neuronx-dkms of the Neuron repository.",
    .command = "sudo modprobe neuron",
};

inline constexpr const Check* kGpuChecks[] = {
    &kGpuNoMemoryPath,  &kGpuProprietaryCutOff, &kGpuEfaTooOld,         &kGpuPeermemMissing,
    &kGpuPeermemStale,  &kGpuPluginNeedsP2p,    &kGpuGraceRefused,      &kGpuAccessDenied,
    &kGpuNotClaimed,    &kGpuUserSpaceDiffers,  &kGpuFabricNotRunning,  &kGpuFabricVersion,
    &kGpuNvlinkModules, &kGpuNoLocalEfa,        &kGpuGdaNotReady,       &kGpuGdrcopyFlavour,
    &kGpuNeuronNoPath,  &kGpuNeuronNotLoaded,   &kGpuLibfabricNeedsP2p, &kGpuRangeMisaligned,
};

struct Node;
struct Expectation;
class Findings;
void judge_gpu(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
