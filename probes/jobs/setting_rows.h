// What is wrong with which setting, and who says so: a row each.
//   LF   ofiwg/libfabric, prov/efa/src and src/, all tags v1.8.0 to v2.6.0 compared
//   OFI  aws/aws-ofi-nccl at 2daf7d30
//   RC   ibv_fork_init(3) and the efa provider's own words (LF, efa_fork_support.c)
//   NCCL, OMPI, IMPI, MPICH, NVSHMEM: their documentation of environment variables
#pragma once

#include <optional>
#include <string_view>

#include "probes/base/releases.h"
#include "probes/jobs/checks.h"

namespace efa {

// Of its values those that are meant. A boolean is libfabric's: 1, true, yes, on and their
// opposites.
enum class Values {
  kAny,
  kOn,
  kOff,
  kNotBoolean,
  kEmpty,
  kNotPositive,
  kFewerThanProcesses,  // than processes of this program on this node
  kRdma,                // the word RDMA
  kWithoutEfa,          // a list of providers, or what is left out after '^'
  kHintWithoutEfa,      // a provider that fi_getinfo(3) is asked for
  kWithEfa,             // a list of providers that are left out
  kOnlyLinks,           // a list of providers, of which one links others, and none is EFA
  kLinksWithoutEfa,     // what that one links
  kWithoutOfi,          // components of Open MPI, or what is left out after '^'
  kOb1,                 // the word ob1
  kCm,                  // the word cm
  kOtherNetwork,        // a network of NCCL's own
  kNone,                // the word none
  kMissingDevice,       // names an RDMA device that this node has not
  kOwnTopology,         // a file, where the plugin makes a better one
};

// Where it does harm.
enum class Where {
  kAnywhere,
  kForkIsSafe,     // Linux 5.13: the kernel copies registered pages on fork
  kForkIsNotSafe,  // before
  kNoRdmaRead,     // no EFA device of the node can
  kAccelerator,    // the process has one open
  kOnlyDmaBuf,     // it has an NVIDIA GPU open, whose memory efa reaches in no other way
};

struct SettingRow {
  const Check& check;
  std::string_view name;
  Values values = Values::kAny;
  std::string_view with = {};  // another setting
  Values with_values = Values::kAny;
  std::optional<Release> since = {};  // of libfabric
  std::optional<Release> until = {};  // before this one
  Where where = Where::kAnywhere;
  int rdma_core_before = 0;       // 0: with any
  std::string_view does = {};     // in words
  std::string_view source = {};   // who says so
  std::string_view instead = {};  // to paste; "": unset it
};

inline constexpr SettingRow kSettingRows[] = {
    {.check = kJobsSettingRemoved,
     .name = "FI_EFA_MTU_SIZE",
     .since = Release{1, 18},
     .does = "libfabric from 1.18 on ends a process that sets it",
     .source = "libfabric, efa_env.c"},
    {.check = kJobsSettingRemoved,
     .name = "FI_EFA_TX_IOV_LIMIT",
     .since = Release{1, 19},
     .does = "libfabric from 1.19 on ends a process that sets it",
     .source = "libfabric, efa_env.c"},
    {.check = kJobsSettingRemoved,
     .name = "FI_EFA_RX_IOV_LIMIT",
     .since = Release{1, 19},
     .does = "libfabric from 1.19 on ends a process that sets it",
     .source = "libfabric, efa_env.c"},
    {.check = kJobsSettingRemoved,
     .name = "FI_EFA_SHM_MAX_MEDIUM_SIZE",
     .since = Release{1, 14},
     .until = Release{1, 20},
     .does = "libfabric 1.14 to 1.19 ends a process that sets it",
     .source = "libfabric, rxr_env.c and efa_env.c"},
    {.check = kJobsSettingRemoved,
     .name = "FI_EFA_SHM_MAX_MEDIUM_SIZE",
     .since = Release{1, 20},
     .does = "libfabric from 1.20 on ignores it",
     .source = "libfabric, efa_env.c"},
    {.check = kJobsSettingRemoved,
     .name = "FI_EFA_SET_CUDA_SYNC_MEMOPS",
     .since = Release{1, 20},
     .does = "libfabric from 1.20 on ignores it",
     .source = "libfabric, efa_env.c"},
    {.check = kJobsSettingRemoved,
     .name = "FI_EFA_ZCPY_RX_SEED",
     .since = Release{2, 6},
     .does = "libfabric from 2.6 on ignores it",
     .source = "libfabric, efa_env.c"},
    {.check = kJobsSettingHarmful,
     .name = "FI_EFA_TX_MIN_CREDITS",
     .values = Values::kNotPositive,
     .since = Release{1, 16},
     .does = "libfabric from 1.16 on ends the process, which would wait for ever",
     .source = "libfabric, efa_env.c"},
    {.check = kJobsSettingHarmful,
     .name = "FI_EFA_IFACE",
     .values = Values::kEmpty,
     .since = Release{2, 0},
     .does = "libfabric from 2.0 on ends the process",
     .source = "libfabric, efa_env.c"},
    {.check = kJobsSettingHarmful,
     .name = "FI_EFA_USE_DEVICE_RDMA",
     .values = Values::kNotBoolean,
     .since = Release{1, 18},
     .does = "libfabric from 1.18 on ends the process: it is neither yes nor no",
     .source = "libfabric, efa_rdm_util.c"},
    {.check = kJobsSettingHarmful,
     .name = "FI_EFA_USE_DEVICE_RDMA",
     .values = Values::kOn,
     .since = Release{1, 17},
     .where = Where::kNoRdmaRead,
     .does = "libfabric from 1.17 on ends the process: the EFA devices here cannot read by RDMA",
     .source = "libfabric, efa_rdm_util.c"},
    // Not said of one that does not set it: with the default of 128, which libfabric has before
    // 1.18.1, a process whose peers are too many ends as it starts, so that those that are seen
    // have room (LF, efa_av.c)
    {.check = kJobsSettingHarmful,
     .name = "FI_EFA_SHM_AV_SIZE",
     .values = Values::kFewerThanProcesses,
     .does = "more processes of this program are on this node, and the shm provider takes no more",
     .source = "libfabric, efa_conn.c"},
    {.check = kJobsSettingHarmful,
     .name = "FI_HMEM_DISABLE_P2P",
     .values = Values::kOn,
     .where = Where::kAccelerator,
     .does = "the memory of accelerators goes through the host on its way to EFA",
     .source = "fi_mr(3)"},
    {.check = kJobsSettingHarmful,
     .name = "FI_HMEM_CUDA_USE_DMABUF",
     .values = Values::kOff,
     .where = Where::kOnlyDmaBuf,
     .does =
         "efa reaches memory of the GPUs here by dma-buf alone, which libfabric may not use now",
     .source = "libfabric, hmem_cuda.c"},
    {.check = kJobsSettingHarmful,
     .name = "OFI_NCCL_DISABLE_DMABUF",
     .values = Values::kOn,
     .where = Where::kOnlyDmaBuf,
     .does =
         "efa reaches memory of the GPUs here by dma-buf alone, which NCCL's plugin may not use "
         "now",
     .source = "aws-ofi-nccl, nccl_ofi_param.h"},
    {.check = kJobsSettingHarmful,
     .name = "FI_EFA_FORK_SAFE",
     .values = Values::kOn,
     .where = Where::kForkIsSafe,
     .rdma_core_before = 35,
     .does = "rdma-core before 35 keeps track of every page, which this kernel has made needless",
     .source = "fi_efa(7), ibv_fork_init(3)"},
    {.check = kJobsSettingHarmful,
     .name = "RDMAV_FORK_SAFE",
     .where = Where::kForkIsSafe,
     .rdma_core_before = 35,
     .does = "rdma-core before 35 keeps track of every page, which this kernel has made needless",
     .source = "fi_efa(7), ibv_fork_init(3)"},
    {.check = kJobsSettingHarmful,
     .name = "IBV_FORK_SAFE",
     .where = Where::kForkIsSafe,
     .rdma_core_before = 35,
     .does = "rdma-core before 35 keeps track of every page, which this kernel has made needless",
     .source = "fi_efa(7), ibv_fork_init(3)"},
    {.check = kJobsSettingHarmful,
     .name = "NCCL_TOPO_FILE",
     .values = Values::kOwnTopology,
     .does = "NCCL's plugin would describe this instance type itself, and now does not",
     .source = "aws-ofi-nccl, nccl_ofi_rdma.cpp"},

    {.check = kJobsProviderExcluded,
     .name = "FI_PROVIDER",
     .values = Values::kWithoutEfa,
     .does = "libfabric leaves EFA out",
     .source = "fabric(7)",
     .instead = "export FI_PROVIDER=efa"},
    {.check = kJobsProviderExcluded,
     .name = "FI_LNX_PROV_LINKS",
     .values = Values::kLinksWithoutEfa,
     .with = "FI_PROVIDER",
     .with_values = Values::kOnlyLinks,
     .does = "libfabric's lnx links other providers than EFA",
     .source = "fi_lnx(7)",
     .instead = "export FI_LNX_PROV_LINKS=shm+efa"},
    {.check = kJobsProviderExcluded,
     .name = "FI_LNX_PROV_LINKS",
     .values = Values::kLinksWithoutEfa,
     .with = "OMPI_MCA_mtl_ofi_provider_include",
     .with_values = Values::kOnlyLinks,
     .does = "libfabric's lnx links other providers than EFA",
     .source = "fi_lnx(7)",
     .instead = "export FI_LNX_PROV_LINKS=shm+efa"},
    {.check = kJobsProviderExcluded,
     .name = "FI_LNX_PROV_LINKS",
     .values = Values::kLinksWithoutEfa,
     .with = "OMPI_MCA_opal_common_ofi_provider_include",
     .with_values = Values::kOnlyLinks,
     .does = "libfabric's lnx links other providers than EFA",
     .source = "fi_lnx(7)",
     .instead = "export FI_LNX_PROV_LINKS=shm+efa"},
    {.check = kJobsProviderExcluded,
     .name = "FI_EFA_IFACE",
     .values = Values::kMissingDevice,
     .since = Release{2, 0},
     .does = "it names an RDMA device that this node does not have",
     .source = "fi_efa(7)"},
    {.check = kJobsProviderExcluded,
     .name = "NCCL_NET",
     .values = Values::kOtherNetwork,
     .does = "NCCL takes a network of its own and leaves EFA out",
     .source = "NCCL's documentation"},
    {.check = kJobsProviderExcluded,
     .name = "NCCL_NET_PLUGIN",
     .values = Values::kNone,
     .does = "NCCL loads no plugin, and has no EFA without one",
     .source = "NCCL's documentation"},
    {.check = kJobsProviderExcluded,
     .name = "OMPI_MCA_mtl_ofi_provider_include",
     .values = Values::kWithoutEfa,
     .does = "Open MPI leaves EFA out",
     .source = "ompi_info(1)"},
    {.check = kJobsProviderExcluded,
     .name = "OMPI_MCA_opal_common_ofi_provider_include",
     .values = Values::kWithoutEfa,
     .does = "Open MPI leaves EFA out",
     .source = "ompi_info(1)"},
    {.check = kJobsProviderExcluded,
     .name = "OMPI_MCA_mtl_ofi_provider_exclude",
     .values = Values::kWithEfa,
     .does = "Open MPI leaves EFA out",
     .source = "ompi_info(1)"},
    {.check = kJobsProviderExcluded,
     .name = "OMPI_MCA_opal_common_ofi_provider_exclude",
     .values = Values::kWithEfa,
     .does = "Open MPI leaves EFA out",
     .source = "ompi_info(1)"},
    // Neither ob1 nor a missing mtl ofi does so alone: ob1 has EFA by Open MPI's btl ofi, for
    // one-sided traffic and, with btl_ofi_mode or by the default since July 2025, for all of it
    {.check = kJobsProviderExcluded,
     .name = "OMPI_MCA_pml",
     .values = Values::kOb1,
     .with = "OMPI_MCA_btl",
     .with_values = Values::kWithoutOfi,
     .does = "Open MPI's ob1 has EFA only by the btl ofi, which is left out",
     .source = "Open MPI's documentation (network support), btl_ofi_component.c"},
    {.check = kJobsProviderExcluded,
     .name = "OMPI_MCA_mtl",
     .values = Values::kWithoutOfi,
     .with = "OMPI_MCA_pml",
     .with_values = Values::kCm,
     .does = "Open MPI's cm has EFA only by the mtl ofi, which is left out",
     .source = "Open MPI's documentation (network support)"},
    {.check = kJobsProviderExcluded,
     .name = "I_MPI_OFI_PROVIDER",
     .values = Values::kHintWithoutEfa,
     .does = "Intel MPI leaves EFA out",
     .source = "Intel MPI's developer reference",
     .instead = "export I_MPI_OFI_PROVIDER=efa"},
    {.check = kJobsProviderExcluded,
     .name = "MPIR_CVAR_OFI_USE_PROVIDER",
     .values = Values::kHintWithoutEfa,
     .does = "MPICH leaves EFA out",
     .source = "MPICH's README.envvar",
     .instead = "export MPIR_CVAR_OFI_USE_PROVIDER=efa"},

    {.check = kJobsSettingsContradict,
     .name = "FI_EFA_USE_HUGE_PAGE",
     .values = Values::kOn,
     .with = "FI_EFA_FORK_SAFE",
     .with_values = Values::kOn,
     .since = Release{1, 19},
     .where = Where::kForkIsNotSafe,
     .does = "fork support of rdma-core excludes huge pages; libfabric ends the process",
     .source = "libfabric, efa_fork_support.c"},
    {.check = kJobsSettingsContradict,
     .name = "FI_EFA_USE_HUGE_PAGE",
     .values = Values::kOn,
     .with = "RDMAV_FORK_SAFE",
     .since = Release{1, 19},
     .where = Where::kForkIsNotSafe,
     .does = "fork support of rdma-core excludes huge pages; libfabric ends the process",
     .source = "libfabric, efa_fork_support.c"},
    {.check = kJobsSettingsContradict,
     .name = "FI_EFA_USE_HUGE_PAGE",
     .values = Values::kOn,
     .with = "IBV_FORK_SAFE",
     .since = Release{1, 19},
     .where = Where::kForkIsNotSafe,
     .does = "fork support of rdma-core excludes huge pages; libfabric ends the process",
     .source = "libfabric, efa_fork_support.c"},
    {.check = kJobsSettingsContradict,
     .name = "RDMAV_HUGEPAGES_SAFE",
     .with = "FI_EFA_FORK_SAFE",
     .with_values = Values::kOn,
     .since = Release{1, 10},
     .where = Where::kForkIsNotSafe,
     .does = "the efa provider refuses both together",
     .source = "libfabric, efa_fork_support.c"},
    {.check = kJobsSettingsContradict,
     .name = "RDMAV_HUGEPAGES_SAFE",
     .with = "RDMAV_FORK_SAFE",
     .since = Release{1, 10},
     .where = Where::kForkIsNotSafe,
     .does = "the efa provider refuses both together",
     .source = "libfabric, efa_fork_support.c"},
    {.check = kJobsSettingsContradict,
     .name = "OFI_NCCL_PROTOCOL",
     .values = Values::kRdma,
     .with = "FI_EFA_USE_DEVICE_RDMA",
     .with_values = Values::kOff,
     .does = "the protocol RDMA of NCCL's plugin needs the device's RDMA",
     .source = "aws-ofi-nccl, platform-aws.cpp",
     .instead = "unset FI_EFA_USE_DEVICE_RDMA"},
};

}  // namespace efa
