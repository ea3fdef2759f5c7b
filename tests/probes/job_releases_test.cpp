// Of which releases the libraries are that a process has mapped, and which of its lines are kept.

#include <gtest/gtest.h>

#include "probes/base/releases.h"
#include "probes/jobs/parse.h"
#include "probes/jobs/settings.h"

namespace efa {
namespace {

TEST(JobReleases, AreKnownByTheNamesOfFiles) {
  struct Row {
    const char* path;
    std::optional<Release> wanted;
  };
  const Row rows[] = {
      {"/opt/amazon/efa/lib/libfabric.so.1.32.0", Release{2, 6}},
      {"/opt/amazon/efa/lib/libfabric.so.1.29.1", Release{2, 3}},
      {"/opt/amazon/efa/lib/libfabric.so.1.26.0", Release{2, 0}},
      {"other/libfabric.so.1.25.0", Release{1, 22}},
      {"other/libfabric.so.1.21.3", Release{1, 18}},
      {"other/libfabric.so.1.14.2", Release{1, 11}},
      {"other/libfabric.so.1.13.1", {}},
      {"/opt/amazon/efa/lib/libfabric.so.1", {}},
      {"/opt/amazon/efa/lib/libfabric.so.2.1.0", {}},
      {"/opt/amazon/efa/lib/libfabric.so.1.x", {}},
      {"/opt/amazon/efa/lib/libibverbs.so.1.29.1", {}},
      {"", {}},
  };
  for (const Row& row : rows) EXPECT_EQ(libfabric_release(row.path), row.wanted) << row.path;
}

TEST(JobReleases, OfRdmaCoreIsTheThirdNumber) {
  EXPECT_EQ(rdma_core_version("/usr/lib64/libibverbs.so.1.14.57.0"), 57);
  EXPECT_EQ(rdma_core_version("/usr/lib64/libibverbs.so.1.8.28.0"), 28);
  EXPECT_EQ(rdma_core_version("libefa.so.1.3.57.0"), 57);
  EXPECT_EQ(rdma_core_version("libefa.so.1"), std::nullopt);
  EXPECT_EQ(rdma_core_version("/usr/lib64/libibverbs.so.1"), std::nullopt);
  EXPECT_EQ(rdma_core_version("/usr/lib64/libfabric.so.1.14.57.0"), std::nullopt);
  EXPECT_EQ(rdma_core_version(""), std::nullopt);
}

TEST(JobReleases, OfTwoLibrariesNeitherIsMeant) {
  const std::vector<std::string> one = {"/a/libfabric.so.1.29.1", "/b/libibverbs.so.1.14.57.0"};
  EXPECT_EQ(only_library(one, "libfabric"), one[0]);
  EXPECT_EQ(only_library(one, "libibverbs"), one[1]);
  EXPECT_EQ(only_library({one[0], one[0]}, "libfabric"), std::nullopt);
  EXPECT_EQ(only_library({}, "libfabric"), std::nullopt);
}

TEST(JobMaps, OnlyNamedLibrariesAreKept) {
  struct Row {
    const char* path;
    const char* wanted;
  };
  const Row rows[] = {
      {"/opt/amazon/efa/lib/libfabric.so.1.29.1", "/opt/amazon/efa/lib/libfabric.so.1.29.1"},
      {"/opt/amazon/efa/lib/libfabric.so.1.29.1 (deleted)",
       "/opt/amazon/efa/lib/libfabric.so.1.29.1"},
      {"/usr/lib64/libibverbs.so.1.14.57.0", "/usr/lib64/libibverbs.so.1.14.57.0"},
      {"/home/hush/venv/nixl.libs/libfabric-8d0c2fd1.so.1.27.0", "other/libfabric.so.1.27.0"},
      {"/opt/intel/mpi/2021/lib/libfabric.so.1", "/opt/intel/.../libfabric.so.1"},
      {"/hush/libfabric.so.1.2.3.4.5.6.7.8.9", "nothing"},
      {"/hush/libfabric.so.hush", "nothing"},
      {"/hush/libfabric_hush.so.1", "nothing"},
      {"/hush/libfabric", "nothing"},
      {"/hush/libnccl.so.2", "nothing"},
      {"/libfabric/hush", "nothing"},
      {"/", "nothing"},
      {"[heap]", "nothing"},
      {"", "nothing"},
  };
  for (const Row& row : rows) {
    const std::string line =
        std::string("7f1c8000-7f1d0000 r-xp 00002000 103:01 4711     ") + row.path;
    EXPECT_EQ(mapped_library(line).value_or("nothing"), row.wanted) << row.path;
  }
}

TEST(JobMaps, AcceleratorsAreKnownByTheirDeviceNodes) {
  for (const char* path : {"/dev/nvidia0", "/dev/nvidia15", "/dev/neuron3"}) {
    EXPECT_TRUE(is_accelerator_node(path)) << path;
  }
  for (const char* path : {"/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia", "/dev/neuron",
                           "/dev/nvidia0x", "/dev/null", "/tmp/dev/nvidia0", ""}) {
    EXPECT_FALSE(is_accelerator_node(path)) << path;
  }
}

TEST(JobMaps, SettingsForEfaAreTold) {
  for (const char* setting : {"FI_PROVIDER=efa", "FI_EFA_FORK_SAFE=1", "OFI_NCCL_PROTOCOL=RDMA",
                              "NCCL_NET=AWS Libfabric", "NCCL_NET_PLUGIN=ofi"}) {
    EXPECT_TRUE(any_is_for_efa({"NCCL_DEBUG=INFO", setting})) << setting;
  }
  EXPECT_FALSE(any_is_for_efa({"NCCL_DEBUG=INFO", "LD_LIBRARY_PATH=/opt/amazon/efa/lib",
                               "CUDA_VISIBLE_DEVICES=0", "FI_LOG_LEVEL=warn"}));
  EXPECT_FALSE(any_is_for_efa({}));
}

}  // namespace
}  // namespace efa
