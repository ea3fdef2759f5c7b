// Of a job's environment only known settings of known shapes are kept.

#include <gtest/gtest.h>

#include "probes/jobs/settings.h"

namespace efa {
namespace {

std::string kept(const std::string& variable) {
  return kept_setting(variable).value_or("nothing");
}

TEST(JobSettings, WhatChecksAskForIsKept) {
  for (const char* variable : {
           "FI_PROVIDER=efa",
           "FI_PROVIDER=^tcp",
           "FI_PROVIDER=efa;ofi_rxm",
           "FI_PROVIDER=shm+efa",
           "FI_PROVIDER=tcp",
           "FI_EFA_IFACE=rdmap16s27,rdmap32s27",
           "FI_EFA_IFACE=efa_0",
           "FI_EFA_IFACE=",  // ends the process: its emptiness is the fault
           "FI_EFA_USE_DEVICE_RDMA=1",
           "FI_EFA_USE_HUGE_PAGE=true",
           "FI_EFA_TX_MIN_CREDITS=-1",
           "FI_EFA_MTU_SIZE=8928",
           "FI_HMEM_CUDA_USE_DMABUF=0",
           "FI_MR_CACHE_MONITOR=memhooks",
           "RDMAV_FORK_SAFE=1",
           "RDMAV_HUGEPAGES_SAFE=1",
           "NCCL_NET=AWS Libfabric",
           "NCCL_NET=Socket",
           "NCCL_NET_PLUGIN=none",
           "NCCL_NET_PLUGIN=/opt/amazon/ofi-nccl/lib/libnccl-net.so",
           "NCCL_SOCKET_IFNAME=^docker,lo",
           "NCCL_SOCKET_IFNAME==ens5",
           "NCCL_PROTO=Simple",
           "NCCL_ALGO=Ring,Tree",
           "NCCL_IB_HCA=^mlx5_0:1",
           "OFI_NCCL_PROTOCOL=SENDRECV",
           "OFI_NCCL_DISABLE_DMABUF=0",
           "CUDA_VISIBLE_DEVICES=0,1,4-7",
           "OMPI_MCA_btl=^openib",
           "OMPI_MCA_mtl_ofi_provider_exclude=efa",
           "OMPI_MCA_mtl_ofi_provider_include=shm+efa:lnx",
           "FI_LNX_PROV_LINKS=shm+efa:rdmap16s27|shm+cxi",
           "I_MPI_FABRICS=shm:ofi",
           "LD_LIBRARY_PATH=/opt/amazon/efa/lib:/usr/local/cuda/lib64",
           "LD_PRELOAD=libfabric.so.1",
       }) {
    EXPECT_EQ(kept(variable), variable);
  }
}

TEST(JobSettings, OfOtherValuesOnlyThatTheyAreSet) {
  for (const char* variable :
       {"NCCL_COMM_ID=10.1.2.3:4567", "NCCL_HOSTID=trainer-7", "NEURON_RT_ROOT_COMM_ID=10.0.0.1:1",
        "FI_EFA_USE_DEVICE_RDMA=hunter2", "FI_EFA_TX_SIZE=0x10", "RDMAV_FORK_SAFE=AKIA0123456789",
        "FI_EFA_CQ_SIZE=123456789012345678901"}) {
    const std::string name(name_of_setting(variable));
    EXPECT_EQ(kept(variable), name + "=(set, not kept)");
  }
}

TEST(JobSettings, UnknownPartsOfAListAreOther) {
  struct Row {
    const char* variable;
    const char* kept;
  };
  const Row rows[] = {
      {"FI_PROVIDER=hunter2", "FI_PROVIDER=other"},
      {"FI_PROVIDER=^hunter2,efa", "FI_PROVIDER=^other,efa"},
      {"FI_PROVIDER=hunter2+efa", "FI_PROVIDER=other+efa"},
      {"FI_LNX_PROV_LINKS=shm+hunter2:alice|efa", "FI_LNX_PROV_LINKS=shm+other:other|efa"},
      {"FI_EFA_IFACE=rdmap16s27,hunter2", "FI_EFA_IFACE=rdmap16s27,other"},
      {"FI_EFA_IFACE=rdmap123456789012s1", "FI_EFA_IFACE=other"},
      {"NCCL_NET=hunter2", "NCCL_NET=other"},
      {"NCCL_SOCKET_IFNAME=hunter2", "NCCL_SOCKET_IFNAME=other"},
      {"NCCL_TOPO_FILE=/fsx/alice/topo.xml", "NCCL_TOPO_FILE=other"},
      {"NCCL_TOPO_FILE=/opt/amazon/ofi-nccl/share/x.xml", "NCCL_TOPO_FILE=/opt/amazon/..."},
      {"CUDA_VISIBLE_DEVICES=123456789012", "CUDA_VISIBLE_DEVICES=other"},
      {"CUDA_VISIBLE_DEVICES=GPU-41e5b1f0", "CUDA_VISIBLE_DEVICES=other-other"},
      {"OMPI_MCA_btl_tcp_if_include=10.0.0.0/16", "OMPI_MCA_btl_tcp_if_include=other"},
      {"LD_LIBRARY_PATH=/home/alice/lib:/opt/amazon/efa/lib/::/opt/acme/lib",
       "LD_LIBRARY_PATH=other:/opt/amazon/efa/lib:.:/opt/..."},
      {"LD_LIBRARY_PATH=/usr/../home/alice/lib", "LD_LIBRARY_PATH=other"},
      {"LD_LIBRARY_PATH=/usr/local/cuda-12.8/lib64", "LD_LIBRARY_PATH=/usr/local/cuda..."},
      {"LD_LIBRARY_PATH=relative/lib", "LD_LIBRARY_PATH=other"},
      {"LD_PRELOAD=/home/alice/libhack.so /usr/lib/libfabric.so.1.29.0",
       "LD_PRELOAD=other/other /usr/lib/libfabric.so.1.29.0"},
      {"LD_PRELOAD=libfabric.so.1234567890123456", "LD_PRELOAD=other"},
  };
  for (const Row& row : rows) EXPECT_EQ(kept(row.variable), row.kept);
}

TEST(JobSettings, OtherVariablesAreNotLookedAt) {
  for (const char* variable :
       {"AWS_SECRET_ACCESS_KEY=x", "OMPI_MCA_mca_base_env_list=AWS_SECRET_ACCESS_KEY=x",
        "FI_SECRET=x", "NCCL_AUTH_TOKEN=x", "HOME=/home/alice", "FI_PROVIDER", "", "=",
        "fi_provider=efa", "FI_PROVIDER_=efa"}) {
    EXPECT_EQ(kept(variable), "nothing");
  }
}

TEST(JobSettings, AreSmallWhateverIsSet) {
  for (const char* name : {"LD_LIBRARY_PATH=", "NCCL_ALGO=", "LD_PRELOAD=", "FI_EFA_IFACE="}) {
    for (const char* part :
         {"/opt/amazon/ofi-nccl/lib/x86_64-linux-gnu:", "ring,", "^,", ":", "\n"}) {
      for (const size_t times : {100U, 10'000U, 100'000U}) {
        std::string variable = name;
        for (size_t i = 0; i < times; ++i) variable += part;
        EXPECT_LE(kept(variable).size(), 4096U) << name << part << times;
      }
    }
  }
}

TEST(JobSettings, AProgramIsCalledByItsFile) {
  EXPECT_EQ(program_name("/usr/bin/python3.12"), "python3.12");
  EXPECT_EQ(program_name("/home/alice/secret/all_reduce_perf (deleted)"), "all_reduce_perf");
  for (const char* path :
       {"/memfd:payload (deleted)", "/", "", "/x/two words", "/x/a\nb", "/x/\x1b[1m",
        "/x/me@lab.example", "/x/0123456789012345678901234567890123"}) {
    EXPECT_EQ(program_name(path), std::nullopt) << path;
  }
}

}  // namespace
}  // namespace efa
