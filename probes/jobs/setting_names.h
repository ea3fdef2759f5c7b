// The settings that are kept, and the shape of each. A name that is not here is not read.
#pragma once

#include <string_view>

namespace efa {

enum class Shape {
  kFlag,         // 0, 1, true, no, ...
  kNumber,       // -1, 8388608
  kNumbers,      // 0,1,4-7
  kDevices,      // efa_0,rdmap16s27: RDMA devices
  kInterfaces,   // ^docker,lo,ens5: network interfaces
  kLinks,        // shm+efa:efa_0|shm+efa:efa_1: providers that one of libfabric's links
  kWords,        // words that the libraries know: providers, components, algorithms
  kLibraries,    // known libraries in known directories
  kDirectories,  // known directories, in their order; the others are "other"
  kHidden,       // hosts, ids, free text: only that it is set
};

struct NamedSetting {
  std::string_view name;
  Shape shape;
};

inline constexpr NamedSetting kSettings[] = {
    // libfabric: those that stop or slow the efa provider, or are obsolete (prov/efa/src/efa_env.c)
    {"FI_EFA_USE_DEVICE_RDMA", Shape::kFlag},
    {"FI_EFA_IFACE", Shape::kDevices},
    {"FI_EFA_TX_MIN_CREDITS", Shape::kNumber},
    {"FI_EFA_TX_QUEUE_SIZE", Shape::kNumber},
    {"FI_EFA_ENABLE_SHM_TRANSFER", Shape::kFlag},
    {"FI_EFA_USE_ZCPY_RX", Shape::kFlag},
    {"FI_EFA_SHM_AV_SIZE", Shape::kNumber},
    {"FI_EFA_RECVWIN_SIZE", Shape::kNumber},
    {"FI_EFA_READCOPY_POOL_SIZE", Shape::kNumber},
    {"FI_EFA_CQ_SIZE", Shape::kNumber},
    {"FI_EFA_MR_CACHE_ENABLE", Shape::kFlag},
    {"FI_EFA_MR_MAX_CACHED_COUNT", Shape::kNumber},
    {"FI_EFA_MR_MAX_CACHED_SIZE", Shape::kNumber},
    {"FI_EFA_MAX_MEMCPY_SIZE", Shape::kNumber},
    {"FI_EFA_TX_SIZE", Shape::kNumber},
    {"FI_EFA_RX_SIZE", Shape::kNumber},
    {"FI_EFA_RX_COPY_UNEXP", Shape::kFlag},
    {"FI_EFA_RX_COPY_OOO", Shape::kFlag},
    {"FI_EFA_MAX_TIMEOUT", Shape::kNumber},
    {"FI_EFA_TIMEOUT_INTERVAL", Shape::kNumber},
    {"FI_EFA_EFA_CQ_READ_SIZE", Shape::kNumber},
    {"FI_EFA_SHM_CQ_READ_SIZE", Shape::kNumber},
    {"FI_EFA_INTER_MAX_MEDIUM_MESSAGE_SIZE", Shape::kNumber},
    {"FI_EFA_INTER_MIN_READ_MESSAGE_SIZE", Shape::kNumber},
    {"FI_EFA_INTER_MAX_GDRCOPY_MESSAGE_SIZE", Shape::kNumber},
    {"FI_EFA_INTER_MIN_READ_WRITE_SIZE", Shape::kNumber},
    {"FI_EFA_INTER_READ_SEGMENT_SIZE", Shape::kNumber},
    {"FI_EFA_FORK_SAFE", Shape::kFlag},
    {"FI_EFA_RUNT_SIZE", Shape::kNumber},
    {"FI_EFA_USE_SM2", Shape::kFlag},
    {"FI_EFA_USE_HUGE_PAGE", Shape::kFlag},
    {"FI_EFA_USE_UNSOLICITED_WRITE_RECV", Shape::kFlag},
    {"FI_EFA_INTERNAL_RX_REFILL_THRESHOLD", Shape::kNumber},
    {"FI_EFA_USE_DATA_PATH_DIRECT", Shape::kFlag},
    {"FI_EFA_IMPLICIT_AV_SIZE", Shape::kNumber},
    {"FI_EFA_TRACK_MR", Shape::kFlag},
    {"FI_EFA_MTU_SIZE", Shape::kNumber},
    {"FI_EFA_TX_IOV_LIMIT", Shape::kNumber},
    {"FI_EFA_RX_IOV_LIMIT", Shape::kNumber},
    {"FI_EFA_SET_CUDA_SYNC_MEMOPS", Shape::kFlag},
    {"FI_EFA_SHM_MAX_MEDIUM_SIZE", Shape::kNumber},
    {"FI_EFA_ZCPY_RX_SEED", Shape::kNumber},
    {"FI_EFA_DEVICE_NAME", Shape::kDevices},
    {"FI_PROVIDER", Shape::kWords},
    {"FI_PROVIDER_PATH", Shape::kDirectories},
    {"FI_LNX_PROV_LINKS", Shape::kLinks},
    {"FI_FORK_UNSAFE", Shape::kFlag},
    {"FI_HMEM", Shape::kWords},
    {"FI_HMEM_DISABLE_P2P", Shape::kFlag},
    {"FI_HMEM_CUDA_USE_DMABUF", Shape::kFlag},
    {"FI_HMEM_CUDA_USE_GDRCOPY", Shape::kFlag},
    {"FI_HMEM_CUDA_ENABLE_XFER", Shape::kFlag},
    {"FI_HMEM_NEURON_USE_DMABUF", Shape::kFlag},
    {"FI_LOG_LEVEL", Shape::kWords},
    {"FI_MR_CACHE_MAX_COUNT", Shape::kNumber},
    {"FI_MR_CACHE_MAX_SIZE", Shape::kNumber},
    {"FI_MR_CACHE_MONITOR", Shape::kWords},
    {"FI_MR_CUDA_CACHE_MONITOR_ENABLED", Shape::kFlag},
    {"FI_SHM_USE_XPMEM", Shape::kFlag},
    {"FI_SHM_DISABLE_CMA", Shape::kFlag},
    {"FI_TCP_IFACE", Shape::kInterfaces},
    {"FI_SOCKETS_IFACE", Shape::kInterfaces},
    // rdma-core
    {"RDMAV_FORK_SAFE", Shape::kFlag},
    {"RDMAV_HUGEPAGES_SAFE", Shape::kFlag},
    {"IBV_FORK_SAFE", Shape::kFlag},
    // NCCL and its network plugin
    {"NCCL_NET", Shape::kWords},
    {"NCCL_NET_PLUGIN", Shape::kLibraries},
    {"NCCL_TUNER_PLUGIN", Shape::kLibraries},
    {"NCCL_TOPO_FILE", Shape::kDirectories},
    {"NCCL_GRAPH_FILE", Shape::kDirectories},
    {"NCCL_CONF_FILE", Shape::kDirectories},
    {"NCCL_SOCKET_IFNAME", Shape::kInterfaces},
    {"NCCL_IB_DISABLE", Shape::kFlag},
    {"NCCL_IB_HCA", Shape::kDevices},
    {"NCCL_NET_GDR_LEVEL", Shape::kWords},
    {"NCCL_NET_GDR_READ", Shape::kFlag},
    {"NCCL_NET_FORCE_FLUSH", Shape::kFlag},
    {"NCCL_P2P_DISABLE", Shape::kFlag},
    {"NCCL_P2P_LEVEL", Shape::kWords},
    {"NCCL_SHM_DISABLE", Shape::kFlag},
    {"NCCL_CROSS_NIC", Shape::kNumber},
    {"NCCL_ALGO", Shape::kWords},
    {"NCCL_PROTO", Shape::kWords},
    {"NCCL_DEBUG", Shape::kWords},
    {"NCCL_BUFFSIZE", Shape::kNumber},
    {"NCCL_MIN_NCHANNELS", Shape::kNumber},
    {"NCCL_MAX_NCHANNELS", Shape::kNumber},
    {"NCCL_NCHANNELS_PER_NET_PEER", Shape::kNumber},
    {"NCCL_CUMEM_ENABLE", Shape::kFlag},
    {"NCCL_DMABUF_ENABLE", Shape::kFlag},
    {"NCCL_GDRCOPY_ENABLE", Shape::kFlag},
    {"NCCL_NVLS_ENABLE", Shape::kNumber},
    {"NCCL_IGNORE_CPU_AFFINITY", Shape::kFlag},
    {"NCCL_COMM_ID", Shape::kHidden},
    {"NCCL_HOSTID", Shape::kHidden},
    {"OFI_NCCL_PROTOCOL", Shape::kWords},
    {"OFI_NCCL_DISABLE_DMABUF", Shape::kFlag},
    {"OFI_NCCL_DISABLE_GDR_REQUIRED_CHECK", Shape::kFlag},
    {"OFI_NCCL_GDR_FLUSH_DISABLE", Shape::kFlag},
    {"OFI_NCCL_CUDA_FLUSH_ENABLE", Shape::kFlag},
    {"OFI_NCCL_NIC_DUP_CONNS", Shape::kNumber},
    {"OFI_NCCL_FORCE_NUM_RAILS", Shape::kNumber},
    {"OFI_NCCL_EAGER_MAX_SIZE", Shape::kNumber},
    {"OFI_NCCL_MIN_STRIPE_SIZE", Shape::kNumber},
    {"OFI_NCCL_DOMAIN_PER_THREAD", Shape::kFlag},
    {"OFI_NCCL_USE_IPV6_TCP", Shape::kFlag},
    {"OFI_NCCL_EXCLUDE_TCP_IF", Shape::kInterfaces},
    {"OFI_NCCL_TOPO_FILE_TEMPLATE", Shape::kDirectories},
    {"CUDA_VISIBLE_DEVICES", Shape::kNumbers},
    // MPI
    {"OMPI_MCA_btl", Shape::kWords},
    {"OMPI_MCA_mtl", Shape::kWords},
    {"OMPI_MCA_pml", Shape::kWords},
    {"OMPI_MCA_osc", Shape::kWords},
    {"OMPI_MCA_mtl_ofi_provider_include", Shape::kWords},
    {"OMPI_MCA_mtl_ofi_provider_exclude", Shape::kWords},
    {"OMPI_MCA_opal_common_ofi_provider_include", Shape::kWords},
    {"OMPI_MCA_opal_common_ofi_provider_exclude", Shape::kWords},
    {"OMPI_MCA_btl_tcp_if_include", Shape::kInterfaces},
    {"OMPI_MCA_btl_tcp_if_exclude", Shape::kInterfaces},
    {"OMPI_MCA_opal_cuda_support", Shape::kFlag},
    {"I_MPI_FABRICS", Shape::kWords},
    {"I_MPI_OFI_PROVIDER", Shape::kWords},
    {"I_MPI_OFI_LIBRARY_INTERNAL", Shape::kFlag},
    {"MPIR_CVAR_OFI_USE_PROVIDER", Shape::kWords},
    // NVSHMEM, Neuron
    {"NVSHMEM_REMOTE_TRANSPORT", Shape::kWords},
    {"NVSHMEM_LIBFABRIC_PROVIDER", Shape::kWords},
    {"NVSHMEM_DISABLE_CUDA_VMM", Shape::kFlag},
    {"NEURON_RT_ROOT_COMM_ID", Shape::kHidden},
    {"NEURON_RT_NUM_CORES", Shape::kNumber},
    {"NEURON_RT_VISIBLE_CORES", Shape::kNumbers},
    {"CCOM_SOCKET_IFNAME", Shape::kInterfaces},
    // the dynamic loader: another libfabric, another plugin
    {"LD_LIBRARY_PATH", Shape::kDirectories},
    {"LD_PRELOAD", Shape::kLibraries},
};

}  // namespace efa
