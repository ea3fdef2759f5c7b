// Load a node, change a file that concerns all of it, and exactly the finding meant changes.

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/faulty_node.h"

namespace efa {
namespace {

using Causes = std::vector<std::string>;

std::string module_index(const std::string& file) {
  return "/lib/modules/6.1.177-224.371.amzn2023.x86_64/" + file;
}

// What an unloaded driver takes from all devices.
Changes unloaded() {
  Changes changes = {{{"kernel.driver-not-loaded", "node"}, "fail"},
                     {{"kernel.driver-blocked", "node"}, "pass"}};
  changes.merge(without_gpu_paths());
  for (const char* address : kAllEfa) {
    changes.merge(without_rdma(address));
    changes[{"driver.not-bound", address}] = "fail";
    changes[{"rdma.not-registered", address}] = "not_applicable";
  }
  return changes;
}

TEST(KernelFaults, AnUnloadedDriverExplainsAllDevices) {
  FaultyNode node;
  node.unload_driver();
  EXPECT_EQ(node.changes(), unloaded());
  EXPECT_EQ(node.root_causes(), Causes{"kernel.driver-not-loaded"});
}

TEST(KernelFaults, NoModuleForTheKernelExplainsThatNoneIsLoaded) {
  FaultyNode node;
  node.unload_driver();
  node.tree().file(module_index("modules.dep"), "kernel/fs/fuse/fuse.ko.xz:\n");
  Changes meant = unloaded();
  meant[{"kernel.driver-not-installed", "node"}] = "fail";
  EXPECT_EQ(node.changes(), meant);
  EXPECT_EQ(node.root_causes(), Causes{"kernel.driver-not-installed"});
}

TEST(KernelFaults, AnUnreadableModuleIndexIsUnknown) {
  FaultyNode node;
  node.unload_driver();
  node.tree().remove(module_index("modules.dep"));
  Changes meant = unloaded();
  meant[{"kernel.driver-not-installed", "node"}] = "unknown";
  EXPECT_EQ(node.changes(), meant);
}

TEST(KernelFaults, ABlacklistExplainsTheUnloadedDriver) {
  for (const char* line : {"blacklist efa\n", "# no\ninstall efa /bin/false\n"}) {
    FaultyNode node;
    node.tree().file("/etc/modprobe.d/no-efa.conf", line);
    EXPECT_EQ(node.changes(), Changes{}) << "a loaded driver was not kept out";
    node.unload_driver();
    Changes meant = unloaded();
    meant[{"kernel.driver-blocked", "node"}] = "fail";
    EXPECT_EQ(node.changes(), meant);
    EXPECT_EQ(node.root_causes(), Causes{"kernel.driver-blocked"});
  }
}

TEST(KernelFaults, ModulesThatCannotBeListedAreUnknown) {
  FaultyNode node;
  node.tree().remove("/sys/module");
  EXPECT_EQ(node.changes(), (Changes{{{"gpu.efa-too-old-for-nvidia", "node"}, "unknown"},
                                     {{"gpu.no-memory-path", "node"}, "unknown"},
                                     {{"gpu.user-space-differs", "node"}, "unknown"},
                                     {{"kernel.driver-blocked", "node"}, "pass"},
                                     {{"kernel.driver-not-loaded", "node"}, "unknown"},
                                     {{"kernel.rdma-netns-exclusive", "node"}, "not_applicable"},
                                     {{"kernel.uverbs-not-loaded", "node"}, "unknown"}}));
  EXPECT_EQ(node.verdict(), "unknown");
}

TEST(KernelFaults, WithoutIbUverbsNoDeviceHasANode) {
  FaultyNode node;
  node.tree().remove("/sys/module/ib_uverbs");
  node.tree().remove("/sys/class/infiniband_verbs");
  node.tree().remove("/dev/infiniband");
  Changes meant = {{{"kernel.uverbs-not-loaded", "node"}, "fail"}};
  for (const char* address : kAllEfa) {
    meant[{"node.missing", address}] = "fail";
    for (const char* code : {"node.wrong-number", "node.cannot-open", "node.restricted-mode"}) {
      meant[{code, address}] = "gone";
    }
  }
  EXPECT_EQ(node.changes(), meant);
  EXPECT_EQ(node.root_causes(), Causes{"kernel.uverbs-not-loaded"});
}

TEST(KernelFaults, NoFunctionAtAllIsAFaultByWhatIsExpected) {
  FaultyNode node;
  for (const char* address : kAllEfa) {
    node.unbind(address);
    node.tree().remove(std::string("/sys/bus/pci/devices/") + address);
  }
  node.changes();
  EXPECT_EQ(node.root_causes(), Causes{"pci.device-vanished"}) << "the kernel has named them";
  node.tree().file("/dev/kmsg", "");  // none was there since boot
  node.changes();
  EXPECT_EQ(node.verdict(), "degraded") << "it is sold for them";
  EXPECT_EQ(node.root_causes(), Causes{"cloud.rails-unused"});
  for (const char* expect : {"max", "4"}) {
    node.changes({"--expect", expect});
    EXPECT_EQ(node.verdict(), "unhealthy");
    EXPECT_EQ(node.root_causes(), Causes{"pci.none-found"});
  }
  node.changes({"--expect", "none"});
  EXPECT_EQ(node.verdict(), "not_applicable");
}

TEST(KernelFaults, CompanyThatOnlyDeservesAWordIsAnInfo) {
  FaultyNode node;
  node.tree().file("/sys/module/ib_core/parameters/netns_mode", "N\n");
  EXPECT_EQ(node.changes(), (Changes{{{"kernel.rdma-netns-exclusive", "node"}, "fail"}}));
  node.tree().directory("/usr/src/ofa_kernel");
  EXPECT_EQ(node.changes(), (Changes{{{"kernel.rdma-netns-exclusive", "node"}, "fail"},
                                     {{"kernel.other-rdma-stack", "node"}, "fail"}}));
  EXPECT_EQ(node.verdict(), "healthy");
}

TEST(JobsFaults, AJobThatMayLockLittleIsAnInfoOfTheSchedulersLimit) {
  FaultyNode node;
  node.tree().file("/proc/4242/comm", "python3\n");
  node.tree().directory("/proc/4242/fd");
  ASSERT_EQ(symlink("/dev/infiniband/uverbs0", node.tree().at("/proc/4242/fd/5").c_str()), 0);
  node.set_locked_memory(4242, "65536");
  node.tree().file("/proc/4242/status", "CapEff:\t0000000000000000\n");
  EXPECT_EQ(node.changes(), (Changes{{{"jobs.memlock-low", "python3 4242"}, "fail"},
                                     {{"jobs.efa-idle", "node"}, "pass"},
                                     {{"jobs.provider-excluded", "node"}, "pass"},
                                     {{"jobs.setting-harmful", "node"}, "pass"},
                                     {{"jobs.setting-removed", "node"}, "pass"},
                                     {{"jobs.settings-contradict", "node"}, "pass"}}));
  EXPECT_EQ(node.verdict(), "healthy");
}

TEST(LogFaults, DriverErrorsAreToldOfTheirDevice) {
  FaultyNode node;
  node.tree().file("/dev/kmsg",
                   "6,901,1700100,-;infiniband rdmap32s27: IB device registered\n"
                   "3,902,1800000,-;infiniband rdmap32s27: Failed to process command REG_MR "
                   "(opcode 7) comp_status 1 err -12\n"
                   "3,903,1900000,-;ena 0000:10:00.0: Failed to process command\n");
  EXPECT_EQ(node.changes(), (Changes{{{"log.driver-errors", "node"}, "gone"},
                                     {{"log.driver-errors", "0000:20:1b.0"}, "fail"}}));
  EXPECT_EQ(node.verdict(), "healthy");
}

TEST(LogFaults, TheDriversWordsExplainAnUnboundDevice) {
  FaultyNode node;
  node.unbind(kFirst);
  node.tree().file("/dev/kmsg",
                   "3,902,1800000,-;efa 0000:10:1b.0: Device isn't ready, abort com init 0x0\n"
                   "3,903,1800001,-;efa 0000:10:1b.0: EFA device init failed\n");
  Changes meant = without_rdma(kFirst);
  meant.merge(Changes{{{"driver.probe-failed", kFirst}, "fail"},
                      {{"driver.not-bound", kFirst}, "fail"},
                      {{"rdma.not-registered", kFirst}, "not_applicable"},
                      {{"log.driver-errors", "node"}, "gone"},
                      {{"log.driver-errors", kFirst}, "fail"}});
  EXPECT_EQ(node.changes(), meant);
  EXPECT_EQ(node.root_causes(), Causes{"driver.probe-failed"});
}

TEST(LogFaults, ASysrootWithoutKernelLogIsNotApplicable) {
  FaultyNode node;
  node.tree().remove("/dev/kmsg");
  EXPECT_EQ(node.changes(), (Changes{{{"log.driver-errors", "node"}, "not_applicable"}}));
}

TEST(CloudFaults, WithoutDmiTheTypeIsUnknownAndNoMaximumIsClaimed) {
  FaultyNode node;
  node.tree().remove("/sys/class/dmi");
  EXPECT_EQ(node.changes(), (Changes{{{"cloud.type-not-known", "node"}, "unknown"},
                                     {{"pci.fewer-than-maximum", "node"}, "gone"}}));
  EXPECT_EQ(node.verdict(), "healthy");
}

TEST(CloudFaults, ATypeOfTomorrowIsAnInfo) {
  FaultyNode node;
  node.tree().file("/sys/devices/virtual/dmi/id/product_name", "p99.48xlarge\n");
  EXPECT_EQ(node.changes(), (Changes{{{"cloud.type-not-known", "node"}, "fail"},
                                     {{"pci.fewer-than-maximum", "node"}, "gone"}}));
  EXPECT_EQ(node.verdict(), "healthy");
}

}  // namespace
}  // namespace efa
