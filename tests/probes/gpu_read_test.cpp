// What probe-gpu says of a machine that a recording shows, and of one that hides something.

#include "probes/gpu/read.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "probes/gpu/facts.h"
#include "tests/support/said.h"

namespace efa {
namespace {

constexpr const char* kEfa = "0000:4f:00.0";
constexpr const char* kOtherEfa = "0000:50:00.0";
constexpr const char* kGpu = "0000:53:00.0";
constexpr const char* kNvidia = "/proc/driver/nvidia";

std::string of_function(const std::string& address, const std::string& file) {
  return "/sys/bus/pci/devices/" + address + "/" + file;
}

std::string function(const std::string& address, const char* vendor, const char* device,
                     const char* class_code, const char* driver) {
  return seen("read", of_function(address, "vendor"), vendor) +
         seen("read", of_function(address, "device"), device) +
         seen("read", of_function(address, "class"), class_code) +
         seen("link", of_function(address, "driver"),
              std::string("../../../../bus/pci/drivers/") + driver) +
         seen("link", "/sys/bus/pci/devices/" + address,
              "../../../devices/pci0000:44/0000:44:00.0/" + address);
}

Value status() {
  Value value;
  value.set("mode", int64_t{040755});
  return value;
}

// A GPU and two EFA functions; what their drivers say is up to the test.
std::string machine() {
  return seen("list", "/sys/bus/pci/devices",
              Array{Value(kEfa), Value(kOtherEfa), Value(kGpu), Value("rubbish")}) +
         function(kEfa, "0x1d0f", "0xefa1", "0x020000", "efa") +
         function(kOtherEfa, "0x1d0f", "0xefa1", "0x020000", "efa") +
         function(kGpu, "0x10de", "0x2330", "0x030200", "nvidia") +
         seen("status", "/sys/module", status()) +
         seen("read", "/sys/module/nvidia/version", "580.95.05") +
         seen("read", "/proc/sys/kernel/osrelease", "6.1.177");
}

GpuFacts facts_of(const std::string& looks) {
  Said said;
  said.read(looks, read_gpu);
  return *from_value<GpuFacts>(said.facts(), "facts");
}

GpuFacts facts_with(const std::string& looks) {
  return facts_of(machine() + looks);
}

TEST(ReadGpu, TellsFunctionsAndTheirDrivers) {
  const GpuFacts facts = facts_with(
      seen("read", of_function(kGpu, "numa_node"), "1") +
      seen("link", of_function(kGpu, "iommu_group"), "../../../../kernel/iommu_groups/7"));
  ASSERT_EQ(facts.nvidia.size(), 1U);
  EXPECT_EQ(facts.nvidia[0].address.to_text(), kGpu);
  EXPECT_EQ(facts.nvidia[0].driver, "nvidia");
  EXPECT_EQ(facts.nvidia[0].iommu_group, "7");
  EXPECT_EQ(facts.nvidia[0].numa_node, 1);
  EXPECT_EQ(facts.nvidia[0].path, std::string("pci0000:44/0000:44:00.0/") + kGpu);
  ASSERT_EQ(facts.efa.size(), 2U);
  EXPECT_FALSE(facts.efa[0].iommu_group);
  EXPECT_EQ(facts.efa[0].iommu_group.unreadable(), nullptr);
  EXPECT_EQ(facts.kernel_release, "6.1.177");
}

TEST(ReadGpu, TellsTheDriverItsOptionsAndItsGpus) {
  const std::string folder = std::string(kNvidia) + "/gpus/" + kGpu;
  const GpuFacts facts = facts_with(
      seen("read", std::string(kNvidia) + "/version",
           "NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  580.95.05  Release") +
      seen("lines", std::string(kNvidia) + "/params",
           Array{Value("GrdmaPciTopoCheckOverride: 1"), Value("secret"),
                 Value("RegistryDwords: \"PeerMappingOverride=1;\"")}) +
      seen("list", std::string(kNvidia) + "/gpus", Array{Value(kGpu), Value("x")}) +
      seen("status", folder + "/numa_status", status()) +
      seen("lines", "/proc/self/mountinfo", Array{}));
  EXPECT_EQ(facts.modules.nvidia, "580.95.05");
  EXPECT_EQ(facts.nvidia_open, true);
  EXPECT_EQ(facts.architecture, "aarch64");
  ASSERT_TRUE(facts.parameters);
  EXPECT_EQ(facts.parameters->topology_override, 1U);
  EXPECT_EQ(facts.parameters->peer_mapping_override, 1U);
  ASSERT_TRUE(facts.claimed);
  EXPECT_EQ(*facts.claimed, std::vector<PciAddress>{*PciAddress::from_text(kGpu)});
  EXPECT_EQ(facts.coherent, true);
  EXPECT_EQ(facts.covered, false);
}

// Where exports are cut off each read makes the kernel print a warning.
TEST(ReadGpu, PeerMemoryIsReadOfOneDeviceOnce) {
  Said said;
  said.read(machine() + seen("read", of_function(kEfa, "p2p"), "NVIDIA"), read_gpu);
  const std::vector<std::string> lines = said.lines();
  const auto reads = std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find(R"("doing":"read p2p")") != std::string::npos;
  });
  EXPECT_EQ(reads, 1);
  const GpuFacts facts = *from_value<GpuFacts>(said.facts(), "facts");
  ASSERT_TRUE(facts.p2p);
  EXPECT_EQ(facts.p2p->address.to_text(), kEfa);
  EXPECT_EQ(facts.p2p->provider, "NVIDIA");
  EXPECT_EQ(facts.p2p->attribute, "p2p");
}

TEST(ReadGpu, AnOlderEfaHasAnotherAttributeAndTheKernelsNone) {
  const GpuFacts old = facts_with(seen("read", of_function(kEfa, "gdr"), "1"));
  ASSERT_TRUE(old.p2p);
  EXPECT_EQ(old.p2p->attribute, "gdr");
  EXPECT_EQ(old.p2p->provider, "1");
  const GpuFacts none = facts_with("");
  EXPECT_FALSE(none.p2p);
  EXPECT_EQ(none.p2p.unreadable(), nullptr);
}

TEST(ReadGpu, AModuleIsLoadedAbsentOrNotToBeSeen) {
  const GpuFacts facts = facts_with(seen("status", "/sys/module/efa", status()) +
                                    seen("read", "/sys/module/nvidia_uvm/version", "580.95.05") +
                                    unseen("read", "/sys/module/efa_nv_peermem/version", EACCES));
  EXPECT_EQ(facts.modules.efa, "") << "loaded, and shows no version";
  EXPECT_EQ(facts.modules.nvidia_uvm, "580.95.05");
  EXPECT_FALSE(facts.modules.gdrdrv);
  EXPECT_EQ(facts.modules.gdrdrv.unreadable(), nullptr);
  EXPECT_NE(facts.modules.efa_nv_peermem.unreadable(), nullptr);
}

TEST(ReadGpu, WhatCannotBeReadIsTold) {
  const std::string driver = std::string(kNvidia) + "/";
  for (const int error : {EACCES, EIO, EISDIR, ELOOP}) {
    const GpuFacts facts = facts_with(
        unseen("read", driver + "version", error) + unseen("lines", driver + "params", error) +
        unseen("list", driver + "gpus", error) + unseen("lines", "/proc/self/mountinfo", error) +
        unseen("read", of_function(kEfa, "p2p"), error) +
        unseen("link", of_function(kGpu, "iommu_group"), error));
    EXPECT_NE(facts.nvidia_open.unreadable(), nullptr) << error;
    EXPECT_NE(facts.parameters.unreadable(), nullptr) << error;
    EXPECT_NE(facts.claimed.unreadable(), nullptr) << error;
    EXPECT_NE(facts.covered.unreadable(), nullptr) << error;
    EXPECT_NE(facts.p2p.unreadable(), nullptr) << error;
    EXPECT_NE(facts.nvidia[0].iommu_group.unreadable(), nullptr) << error;
  }
  const GpuFacts malformed = facts_with(seen("read", driver + "version", "rubbish"));
  ASSERT_NE(malformed.nvidia_open.unreadable(), nullptr);
  EXPECT_EQ(malformed.nvidia_open.unreadable()->reason, "is malformed");
}

TEST(ReadGpu, WhatIsMalformedIsNotTakenForAnAnswer) {
  const std::string driver = std::string(kNvidia) + "/";
  const GpuFacts facts = facts_with(seen("lines", driver + "params", Array{}) +
                                    seen("read", of_function(kEfa, "p2p"), "\x01garbage"));
  EXPECT_NE(facts.parameters.unreadable(), nullptr);
  EXPECT_NE(facts.p2p.unreadable(), nullptr);
  const std::string version = seen("read", "/sys/module/nvidia/version", "\x01garbage") + machine();
  EXPECT_EQ(facts_of(version).modules.nvidia, "\x01garbage");
  EXPECT_EQ(facts_of(version + seen("read", driver + "version",
                                    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  "
                                    "580.95.05  Release"))
                .modules.nvidia,
            "580.95.05")
      << "the driver tells it in two places";
}

TEST(ReadGpu, AFunctionOfNvidiasThatHidesWhatItIsMayBeAGpu) {
  const std::string list = seen("list", "/sys/bus/pci/devices", Array{Value(kGpu)});
  const auto vendor = [](const char* id) { return seen("read", of_function(kGpu, "vendor"), id); };
  const auto driver = [](const char* name) {
    return seen("link", of_function(kGpu, "driver"), std::string("../drivers/") + name);
  };
  const std::string no_class = unseen("read", of_function(kGpu, "class"), EACCES);
  const std::string no_vendor = unseen("read", of_function(kGpu, "vendor"), EIO);
  for (const std::string& looks :
       {list + vendor("0x10de") + no_class, list + no_vendor + driver("nvidia"),
        list + vendor("garbage") + driver("nvidia")}) {
    const GpuFacts facts = facts_of(looks);
    EXPECT_TRUE(facts.nvidia.empty());
    ASSERT_EQ(facts.unidentified.size(), 1U) << looks;
    EXPECT_EQ(facts.unidentified[0].address.to_text(), kGpu);
  }
  EXPECT_TRUE(facts_of(list + no_vendor + driver("nvme")).unidentified.empty());
  EXPECT_TRUE(facts_of(list + vendor("0x8086") + no_class).unidentified.empty());
}

TEST(ReadGpu, TheTaintTellsTheFlavourWhereTheDriversLineDoesNot) {
  EXPECT_EQ(facts_with(seen("read", "/sys/module/nvidia/taint", "OE")).nvidia_open, true);
  EXPECT_EQ(facts_with(seen("read", "/sys/module/nvidia/taint", "POE")).nvidia_open, false);
}

std::string process(const std::string& pid, const char* name) {
  return seen("lines", "/proc/" + pid + "/comm", Array{Value(name)});
}

TEST(ReadGpu, FabricManagerIsFoundByItsUnitOrItsProcess) {
  const auto running = [](const std::string& looks) {
    return facts_with(looks).fabric_manager.running;
  };
  const std::string unit = "/system.slice/nvidia-fabricmanager.service/cgroup.procs";
  EXPECT_EQ(running(seen("read", "/sys/fs/cgroup" + unit, "812")), true);
  EXPECT_EQ(running(seen("read", "/sys/fs/cgroup/systemd" + unit, "812")), true);
  const std::string processes =
      seen("list", "/proc", Array{Value("1"), Value("812"), Value("x")}) + process("1", "systemd");
  EXPECT_EQ(running(processes + process("812", "nv-fabricmanage")), true) << "in a container";
  EXPECT_EQ(running(processes + process("812", "bash")), false);
  EXPECT_NE(running("").unreadable(), nullptr) << "a recording of before";
  EXPECT_NE(running(seen("list", "/proc", Array{Value("812")})).unreadable(), nullptr) << "hidepid";
}

TEST(ReadGpu, TellsWhatGoesWithTheDriver) {
  const GpuFacts facts = facts_with(
      seen("lines", "/var/lib/dpkg/status",
           Array{Value("Package: nvidia-fabricmanager"), Value("Status: install ok installed"),
                 Value("Version: 580.82.07-1")}) +
      seen("lines", "/var/log/fabricmanager.log",
           Array{Value("don't match with driver version 570.86.15"),
                 Value("don't match with driver version 580.95.05. Please")}) +
      seen("link", "/var/lib/dkms/nvidia/kernel-6.1.177-x86_64", "580.95.05/6.1.177/x86_64") +
      seen("read", "/proc/driver/gdrdrv/params", "Built for NVIDIA driver flavor: opensource"));
  ASSERT_TRUE(facts.fabric_manager.packages);
  EXPECT_EQ(*facts.fabric_manager.packages, std::vector<std::string>{"580.82.07-1"});
  EXPECT_EQ(facts.fabric_manager.refused, "580.95.05");
  EXPECT_EQ(facts.nvidia_on_disk, "580.95.05");
  EXPECT_EQ(facts.gdrdrv_open, true);
  const GpuFacts none = facts_with("");
  EXPECT_FALSE(none.fabric_manager.packages || none.fabric_manager.refused);
  EXPECT_EQ(none.fabric_manager.packages.unreadable(), nullptr);
  EXPECT_FALSE(none.nvidia_on_disk || none.gdrdrv_open);
}

TEST(ReadGpu, ADriverOfTheGpuOperatorIsNotTheOneOnDisk) {
  const GpuFacts facts = facts_with(
      seen("status", "/run/nvidia/driver", status()) +
      seen("link", "/var/lib/dkms/nvidia/kernel-6.1.177-x86_64", "580.95.05/6.1.177/x86_64"));
  EXPECT_FALSE(facts.nvidia_on_disk);
}

TEST(ReadGpu, WithoutModulesNothingIsKnownOfAny) {
  const GpuFacts facts = facts_of(seen("list", "/sys/bus/pci/devices", Array{Value(kGpu)}) +
                                  function(kGpu, "0x10de", "0x2330", "0x030200", "nvidia"));
  EXPECT_NE(facts.modules.efa.unreadable(), nullptr);
  EXPECT_NE(facts.modules.ib_umad.unreadable(), nullptr);
}

TEST(ReadGpu, WithoutAcceleratorsOnlyPeerMemoryIsRead) {
  const GpuFacts facts = facts_of(seen("list", "/sys/bus/pci/devices", Array{Value(kEfa)}) +
                                  function(kEfa, "0x1d0f", "0xefa1", "0x020000", "efa") +
                                  seen("read", of_function(kEfa, "p2p"), ""));
  EXPECT_TRUE(facts.efa.empty());
  ASSERT_TRUE(facts.p2p);
  EXPECT_EQ(facts.p2p->provider, "");
}

TEST(ReadGpu, WhatTheModulesOfNvlinkMakeIsLookedFor) {
  const std::string connectx = "0000:73:00.0";
  const std::string of_both =
      seen("list", "/sys/bus/pci/devices", Array{Value(kGpu), Value(connectx)}) +
      function(kGpu, "0x10de", "0x2901", "0x030200", "nvidia") +
      function(connectx, "0x15b3", "0x1021", "0x020700", "mlx5_core");
  const GpuFacts facts = facts_of(of_both + seen("status", "/sys/class/infiniband_mad", status()));
  EXPECT_EQ(facts.nvlink, std::vector<PciAddress>{*PciAddress::from_text(connectx)});
  EXPECT_EQ(facts.nvlink_rdma, false);
  EXPECT_EQ(facts.mad_class, true);
  const GpuFacts hidden =
      facts_of(of_both + unseen("status", of_function(connectx, "infiniband"), EACCES));
  EXPECT_NE(hidden.nvlink_rdma.unreadable(), nullptr);
}

}  // namespace
}  // namespace efa
