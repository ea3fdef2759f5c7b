// The checks of the EFA software on disk: their codes and texts. A code is API: never renamed,
// never reused. None is above info: a container brings what the host lacks.
#pragma once

#include "probes/judging/check.h"

namespace efa {

inline constexpr Check kSoftwareInstallerOld{
    .code = "software.installer-old",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "The EFA installer is too old for current NCCL",
    .meaning = "NCCL 2.19 and later cannot register GPU memory: RC: -22.",
    .seen_by =
        "The first line of efa_installed_packages has a version before 1.29.1, on a node with "
        "NVIDIA GPUs.",
    .remedy = "Run the newest EFA installer in the image, or set FI_EFA_SET_CUDA_SYNC_MEMOPS=0.",
    .command = "head -n 1 /opt/amazon/efa_installed_packages",
    .takes_installer = true,
};

inline constexpr Check kSoftwareNcclPlugin{
    .code = "software.nccl-plugin-missing",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "NCCL's plugin for EFA was installed and is not there",
    .meaning = "NCCL of this host uses TCP sockets; a container with a plugin of its own does not.",
    .seen_by =
        "efa_installed_packages names libnccl-ofi, and neither /opt/amazon/ofi-nccl nor "
        "/opt/aws-ofi-nccl has libnccl-net-ofi.so or libnccl-net.so.",
    .remedy =
        "Run the EFA installer again; since 1.38 the plugin lies in /opt/amazon/ofi-nccl, which "
        "LD_LIBRARY_PATH of jobs must name.",
    .command = "find /opt -name 'libnccl-net*.so*'",
    .takes_installer = true,
};

inline constexpr Check kSoftwarePeermemConf{
    .code = "software.peermem-without-gpu",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "efa-nv-peermem is installed on a node without a GPU",
    .meaning = "systemd-modules-load.service fails at each boot; EFA works.",
    .seen_by =
        "efa_nv_peermem.conf of modules-load.d has nvidia loaded, and no GPU is on the PCI bus; in "
        "an image, the kernel has no module nvidia.",
    .remedy = "Remove the package in images for nodes without GPUs.",
};

inline constexpr Check kSoftwareLibfabricOrder{
    .code = "software.other-libfabric-first",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "Programs load another libfabric than that of the EFA installer",
    .meaning = "A distribution's libfabric may be older, or built without EFA.",
    .seen_by =
        "/etc/ld.so.cache gives libfabric.so.1 another path than below /opt/amazon/efa, where one "
        "lies too.",
    .remedy = "Put the EFA installer's directory first for the loader, or remove the other copy.",
    .command =
        "ls -d /opt/amazon/efa/lib64 /opt/amazon/efa/lib 2>/dev/null | sudo tee "
        "/etc/ld.so.conf.d/000_efa.conf && sudo ldconfig && ldconfig -p | grep libfabric",
};

inline constexpr Check kSoftwareRdmaCore{
    .code = "software.other-rdma-core-first",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "Programs load another rdma-core than that of the EFA installer, or two",
    .meaning =
        "libfabric, libefa and libibverbs that do not come from one stack may not load together: "
        "\"version EFA_1.4 not found\"; an older rdma-core lacks what the device can.",
    .seen_by =
        "/etc/ld.so.cache gives libibverbs.so.1 or libefa.so.1 a copy of another rdma-core than "
        "efa_installed_packages names, while a copy of that one is there; or gives the two copies "
        "of different versions.",
    .remedy =
        "Remove the other copy, most often a build of rdma-core below /usr/local, or put the "
        "directory of the EFA installer's first for the loader; then run ldconfig.",
    .command = "ldconfig -p | grep -E 'libibverbs|libefa'",
};

inline constexpr const Check* kSoftwareChecks[] = {&kSoftwareInstallerOld, &kSoftwareNcclPlugin,
                                                   &kSoftwarePeermemConf, &kSoftwareLibfabricOrder,
                                                   &kSoftwareRdmaCore};

struct Node;
struct Expectation;
class Findings;
void judge_software(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
