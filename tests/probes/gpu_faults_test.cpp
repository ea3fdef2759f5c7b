// Load a node with GPUs, change a file of theirs, and exactly the finding meant changes.

#include <gtest/gtest.h>

#include "tests/support/faulty_node.h"

namespace efa {
namespace {

using Codes = std::vector<std::string>;

constexpr const char* kGpu = "0000:10:1c.0";  // the first of its eight
constexpr const char* kGpuPci = "/sys/devices/pci0000:10/0000:10:1c.0";
constexpr const char* kProprietary =
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  Thu Jan  1 00:00:00 UTC 1970\n";

std::string nvidia(const std::string& file) {
  return "/proc/driver/nvidia/" + file;
}

TEST(GpuFaults, TheProprietaryDriverOnThisKernelClosesBothWays) {
  FaultyNode node;
  node.tree().file(nvidia("version"), kProprietary);
  node.tree().file(std::string(kFirstPci) + "/p2p", "\n");
  EXPECT_EQ(node.changes(), (Changes{{{"gpu.libfabric-needs-p2p", "node"}, "not_applicable"},
                                     {{"gpu.no-memory-path", "node"}, "fail"},
                                     {{"gpu.peermem-missing", "node"}, "not_applicable"},
                                     {{"gpu.plugin-needs-p2p", "node"}, "fail"},
                                     {{"gpu.proprietary-cut-off", "node"}, "fail"}}));
  EXPECT_EQ(node.root_causes(), Codes{"gpu.proprietary-cut-off"});
  EXPECT_EQ(node.verdict(), "unhealthy");
}

TEST(GpuFaults, AnOldEfaClosesP2pThoughItNamesNvidia) {
  FaultyNode node;
  node.tree().file("/sys/module/efa/version", "2.15.3g\n");
  EXPECT_EQ(node.changes(), (Changes{{{"gpu.efa-too-old-for-nvidia", "node"}, "fail"},
                                     {{"gpu.libfabric-needs-p2p", "node"}, "not_applicable"},
                                     {{"gpu.plugin-needs-p2p", "node"}, "fail"},
                                     {{"kernel.driver-stale", "node"}, "fail"}}));
  EXPECT_EQ(node.root_causes(), Codes{"kernel.driver-stale"}) << "the installer named 2.17.3";
  EXPECT_EQ(node.verdict(), "unhealthy") << "dma-buf is open, and the plugin takes none";
}

TEST(GpuFaults, AnOldOpenDriverNeedsThePeerMemoryModule) {
  FaultyNode node;
  for (const char* module : {"nvidia", "nvidia_uvm"}) {
    node.tree().file(std::string("/sys/module/") + module + "/version", "535.129.03\n");
  }
  node.tree().file(std::string(kFirstPci) + "/p2p", "\n");
  EXPECT_EQ(node.changes(), (Changes{{{"gpu.libfabric-needs-p2p", "node"}, "not_applicable"},
                                     {{"gpu.peermem-missing", "node"}, "fail"},
                                     {{"gpu.plugin-needs-p2p", "node"}, "fail"}}));
  EXPECT_EQ(node.root_causes(), Codes{"gpu.peermem-missing"});
  node.tree().file("/sys/module/efa_nv_peermem/version", "1.2.3\n");
  node.tree().file(std::string(kFirstPci) + "/p2p", "NVIDIA peermem\n");
  EXPECT_EQ(node.changes(), (Changes{{{"gpu.peermem-stale", "node"}, "pass"}}));
}

TEST(GpuFaults, AnOptionThatDeniesIsTheCause) {
  FaultyNode node;
  node.tree().file(nvidia("params"), "GrdmaPciTopoCheckOverride: 2\n");
  EXPECT_EQ(node.changes(), (Changes{{{"gpu.access-denied-by-option", "node"}, "fail"}}));
  EXPECT_EQ(node.root_causes(), Codes{"gpu.access-denied-by-option"});
  node.tree().remove(nvidia("params"));
  EXPECT_EQ(node.changes(), (Changes{{{"gpu.access-denied-by-option", "node"}, "not_applicable"}}))
      << "a copy of a machine's files need not hold it";
}

TEST(GpuFaults, AGpuWithoutAFolderIsNotClaimed) {
  FaultyNode node;
  node.tree().remove(nvidia("gpus/") + kGpu);
  EXPECT_EQ(node.changes(), (Changes{{{"gpu.not-claimed", kGpu}, "fail"}}));
  EXPECT_EQ(node.verdict(), "degraded");
  node.tree().file("/proc/self/mountinfo",
                   "36 35 0:31 / /proc/driver/nvidia ro,nosuid - tmpfs tmpfs rw\n");
  EXPECT_EQ(node.changes(), (Changes{{{"gpu.not-claimed", kGpu}, "unknown"}})) << "a container";
  EXPECT_EQ(node.verdict(), "healthy");
}

TEST(GpuFaults, AGpuThatAVirtualMachineHoldsIsNotJudged) {
  FaultyNode node;
  node.tree().remove(nvidia("gpus/") + kGpu);
  node.tree().remove(std::string(kGpuPci) + "/driver");
  node.tree().directory("/sys/bus/pci/drivers/vfio-pci");
  node.tree().link(std::string(kGpuPci) + "/driver", "/sys/bus/pci/drivers/vfio-pci");
  EXPECT_EQ(node.changes(), (Changes{{{"gpu.fabric-not-running", "node"}, "gone"},
                                     {{"gpu.fabric-version", "node"}, "gone"},
                                     {{"gpu.no-local-efa", kGpu}, "gone"},
                                     {{"gpu.not-claimed", kGpu}, "gone"}}));
}

TEST(GpuFaults, FabricManagerOfAnotherVersionShowsInDpkg) {
  FaultyNode node;
  node.tree().file("/var/lib/dpkg/status",
                   "Package: nvidia-fabricmanager-580\nStatus: install ok installed\n"
                   "Version: 580.95.05-0ubuntu1\n\n");
  EXPECT_EQ(node.changes(), (Changes{{{"gpu.fabric-version", "node"}, "pass"}}));
  node.tree().file("/proc/4711/comm", "nv-fabricmanage\n");
  node.tree().link("/var/lib/dkms/nvidia/kernel-6.1.177-224.371.amzn2023.x86_64-x86_64",
                   "/var/lib/dkms/nvidia/580.95.05/6.1.177-224.371.amzn2023.x86_64/x86_64");
  node.tree().file("/var/lib/dpkg/status",
                   "Package: nvidia-fabricmanager-580\nStatus: install ok installed\n"
                   "Version: 580.105.08-0ubuntu1\n\n");
  EXPECT_EQ(node.changes(), (Changes{{{"gpu.fabric-not-running", "node"}, "pass"},
                                     {{"gpu.fabric-version", "node"}, "fail"}}));
}

TEST(GpuFaults, OtherLibrariesThanTheModuleShowInTheLog) {
  FaultyNode node;
  node.tree().file("/dev/kmsg",
                   "6,901,1700100,-;infiniband rdmap32s27: IB device registered\n"
                   "3,902,1800000,-;NVRM: API mismatch: the client 'secret' (pid 7)\n");
  EXPECT_EQ(node.changes(), (Changes{{{"gpu.user-space-differs", "node"}, "fail"}}));
}

// Only the first device is asked: its answer counts for all.
TEST(GpuFaults, PeerMemoryIsReadOfOneDevice) {
  FaultyNode node;
  node.tree().file("/sys/devices/pci0000:20/0000:20:1b.0/p2p", "NEURON\n");
  EXPECT_EQ(node.changes(), Changes{});
  const Value* devices = node.report().find("devices");
  ASSERT_NE(devices, nullptr);
  std::vector<std::string> told;
  for (const Value& device : *devices->as<Array>()) {
    const Value* rdma = device.find("rdma");
    if (rdma != nullptr && rdma->find("p2p") != nullptr) told.push_back(rdma->text("p2p"));
  }
  EXPECT_EQ(told, std::vector<std::string>{"NVIDIA"});
}

TEST(GpuFaults, WithoutItsDriverAGpuIsNoConcernOfEfa) {
  FaultyNode node;
  node.tree().remove("/sys/module/nvidia");
  for (const char* bus : {"10", "20", "90", "a0"}) {
    for (const char* slot : {"1c", "1d"}) {
      const std::string root = std::string("pci0000:") + bus;
      node.tree().remove("/sys/devices/" + root + "/0000:" + bus + ":" + slot + ".0/driver");
    }
  }
  for (const auto& [finding, result] : node.changes()) {
    EXPECT_TRUE(finding.first.starts_with("gpu.") && result == "gone") << finding.first;
  }
  EXPECT_EQ(node.verdict(), "healthy");
}

}  // namespace
}  // namespace efa
