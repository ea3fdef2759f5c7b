// Load a node, change a file that concerns all of it, and exactly the finding meant changes. Those
// of its kernel: kernel_faults_test.cpp.

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/faulty_node.h"

namespace efa {
namespace {

using Codes = std::vector<std::string>;

TEST(SoftwareFaults, ARubbishFileOfTheInstallerIsUnknownAndTellsNoVersion) {
  for (const char* text : {"", "rubbish\n", "# EFA installer version:\n"}) {
    FaultyNode node;
    node.tree().file("/opt/amazon/efa_installed_packages", text);
    Changes changes = node.changes();
    EXPECT_EQ((changes[{"software.installer-old", "node"}]), "unknown") << text;
    EXPECT_EQ(node.verdict(), "healthy");
    const Value* software = node.report().find("facts")->find("software");
    EXPECT_EQ(software->find("installer_version"), nullptr);
  }
}

TEST(SoftwareFaults, AFileOfTheInstallerThatCannotBeReadHidesItsPlugin) {
  const char* path = "/opt/amazon/efa_installed_packages";
  FaultyNode node;
  node.tree().remove(path);
  node.tree().directory(path);
  const Changes unknown = {{{"gpu.plugin-needs-p2p", "node"}, "unknown"},
                           {{"software.installer-old", "node"}, "unknown"},
                           {{"software.nccl-plugin-missing", "node"}, "unknown"}};
  EXPECT_EQ(node.changes(), unknown);
  node.tree().remove(path);
  std::string large;
  large.resize(40'000'000, 'x');
  node.tree().file(path, large);
  EXPECT_EQ(node.changes(), unknown) << "larger than any";
  const Value* software = node.report().find("facts")->find("software");
  ASSERT_NE(software->find("installer_unseen"), nullptr);
  EXPECT_EQ(software->find("installer_unseen")->text("what"), path);
}

TEST(SoftwareFaults, APluginThatIsGoneIsAnInfo) {
  FaultyNode node;
  node.tree().remove("/opt/amazon/ofi-nccl");
  EXPECT_EQ(node.changes(), (Changes{{{"gpu.plugin-needs-p2p", "node"}, "not_applicable"},
                                     {{"software.nccl-plugin-missing", "node"}, "fail"}}));
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
                                     {{"jobs.killed-for-memory", "node"}, "pass"},
                                     {{"jobs.libfabric-crashed", "node"}, "pass"},
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
  EXPECT_EQ(node.root_causes(), Codes{"driver.probe-failed"});
}

// What a p5.48xlarge is with so many of its 32 device nodes and those files.
std::string verdict_with(int device_nodes, const std::map<std::string, std::string>& files) {
  SyntheticNode node = synthetic_node("p5.48xlarge-pod");
  node.container.clear();
  node.device_nodes = device_nodes;
  const TemporaryDirectory directory;
  const Tree tree(directory.path());
  write_node(node, tree);
  for (const auto& [path, text] : files) tree.file(path, text);
  const Result<Value> report = parse_json(look_at_sysroot(directory.path()).out, "report");
  return report ? report->text("verdict") : "no report";
}

TEST(ContainerFaults, OneOfLxdIsJudgedByWhatItWasGivenUnlessItIsPrivileged) {
  std::map<std::string, std::string> files = {
      {"/run/systemd/container", "lxc\n"},
      {"/proc/1/status", "CapBnd:\t000001ffffffffff\nCapEff:\t000001ffffffffff\n"},
      {"/proc/sys/kernel/cap_last_cap", "40\n"},
      {"/proc/self/mountinfo", "760 755 0:315 / /sys rw,nosuid - sysfs sysfs rw\n"},
      {"/proc/self/uid_map", "         0    1000000 1000000000\n"}};
  EXPECT_EQ(verdict_with(1, files), "healthy");
  files["/proc/self/uid_map"] = "         0          0 4294967295\n";
  EXPECT_EQ(verdict_with(1, files), "unhealthy");
}

TEST(ContainerFaults, OneThatOnlyItsRootShowsIsJudgedByWhatItWasGiven) {
  const std::string root = "755 612 0:92 / / rw,relatime - overlay overlay rw,lowerdir=";
  const std::string layers =
      "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/165/fs\n";
  EXPECT_EQ(verdict_with(1, {{"/proc/self/mountinfo", root + layers}}), "healthy");
  EXPECT_EQ(verdict_with(1, {{"/proc/self/mountinfo", root + "/run/rootfsbase\n"}}), "unhealthy")
      << "a host that booted a live image";
}

TEST(ContainerFaults, OneOfApptainerWithoutDevicesNeedsNone) {
  std::map<std::string, std::string> files = {{"/.singularity.d/runscript", "#!/bin/sh\n"}};
  EXPECT_EQ(verdict_with(0, files), "not_applicable");
  files["/proc/self/mountinfo"] = "755 612 0:5 / /dev rw,nosuid - devtmpfs devtmpfs rw\n";
  EXPECT_EQ(verdict_with(0, files), "unhealthy") << "it has the host's /dev";
  files["/proc/self/mountinfo"] = "22 1 259:1 / / rw,relatime - xfs /dev/nvme0n1p1 rw\n";
  EXPECT_EQ(verdict_with(0, files), "unhealthy") << "a host that was made of such an image";
}

// amzn-drivers, release 3.3.1.
TEST(LogFaults, ACrashInsideEfaIsCritical) {
  FaultyNode node;
  node.tree().file(
      "/dev/kmsg",
      "1,902,1800000,-;BUG: unable to handle page fault for address: ffffa1b2c3d4e5f6\n"
      "4,903,1800001,-;Oops: 0000 [#1] PREEMPT SMP NOPTI\n"
      "4,904,1800002,-;CPU: 3 PID: 4711 Comm: python3 Tainted: G OE 5.10.0-28 #1\n"
      "4,905,1800003,-;RIP: 0010:efa_destroy_cq+0x2f/0xd0 [efa]\n"
      "4,906,1800004,-;Call Trace:\n"
      "4,907,1800005,-; ib_destroy_cq_user+0x46/0xb0 [ib_core]\n"
      "4,908,1800006,-;---[ end trace 0000000000000000 ]---\n");
  EXPECT_EQ(node.changes(), (Changes{{{"log.driver-crash", "node"}, "fail"}}));
  EXPECT_EQ(node.verdict(), "unhealthy");
}

TEST(LogFaults, ACrashThatTheLogHasLostIsUnknown) {
  struct Row {
    const char* log;
    const char* taint;
    Changes wanted;
  };
  const Changes unknown = {{{"log.driver-crash", "node"}, "unknown"}};
  const Row rows[] = {
      {"6,5000,1800000,-;eth0: link becomes ready\n", "128\n", unknown},
      {"6,5000,1800000,-;eth0: link becomes ready\n", "12288\n", {}},
      {"6,0,0,-;Linux version 6.1.0\n6,5000,1800000,-;eth0: link becomes ready\n", "128\n", {}},
      {"1,5000,1800000,-;Oops: 0000 [#1] PREEMPT SMP NOPTI\n", "128\n", {}},
      {"1,5000,1800000,-;Oops: 0000 [#2] PREEMPT SMP NOPTI\n", "128\n", unknown},
  };
  for (const Row& row : rows) {
    FaultyNode node;
    node.tree().file("/dev/kmsg", row.log);
    node.tree().file("/proc/sys/kernel/tainted", row.taint);
    EXPECT_EQ(node.changes(), row.wanted) << row.log << row.taint;
  }
}

TEST(LogFaults, WhyAModuleWasRefusedIsToldAtAnyLevel) {
  FaultyNode node;
  node.unload_driver();
  node.tree().file("/dev/kmsg", "4,902,1800000,-;efa: Unknown symbol ib_dealloc_device (err -2)\n");
  node.changes();
  EXPECT_EQ(node.report().text("summary"),
            "0 of 4 EFA devices work: the kernel refused it: efa: Unknown symbol ib_dealloc_device "
            "(err -2)");
}

TEST(JobsFaults, AProcessOfAJobThatWasKilledForMemoryIsAnInfo) {
  FaultyNode node;
  node.tree().file("/proc/4242/comm", "python3\n");
  node.tree().file("/proc/4242/cgroup", "0::/system.slice/slurmstepd.scope/job_7/step_0/task_0\n");
  node.tree().directory("/proc/4242/fd");
  ASSERT_EQ(symlink("/dev/infiniband/uverbs0", node.tree().at("/proc/4242/fd/5").c_str()), 0);
  node.set_locked_memory(4242, "unlimited");
  const std::string kill =
      "6,902,1800000,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,"
      "mems_allowed=0,oom_memcg=/system.slice/slurmstepd.scope/job_7,"
      "task_memcg=/system.slice/slurmstepd.scope/job_";
  node.tree().file("/dev/kmsg", kill + "8/step_0/task_0,task=python3,pid=99,uid=1000\n");
  EXPECT_EQ(node.changes().at({"jobs.killed-for-memory", "node"}), "pass") << "another job's";
  node.tree().file("/dev/kmsg", kill + "7/step_0/task_1,task=python3,pid=99,uid=1000\n");
  EXPECT_EQ(node.changes().at({"jobs.killed-for-memory", "python3 4242"}), "fail");
  EXPECT_EQ(node.verdict(), "healthy");
}

TEST(LogFaults, ASysrootWithoutKernelLogIsNotApplicable) {
  FaultyNode node;
  node.tree().remove("/dev/kmsg");
  EXPECT_EQ(node.changes(), (Changes{{{"log.driver-errors", "node"}, "not_applicable"}}))
      << "that the kernel never crashed shows without it";
}

// What is judged of known types alone.
Changes with_unknown_type(Changes changes) {
  for (const char* code :
       {"gpu.fabric-not-running", "gpu.fabric-version", "gpu.libfabric-needs-p2p",
        "gpu.plugin-needs-p2p", "pci.fewer-than-maximum"}) {
    changes[{code, "node"}] = "gone";
  }
  for (const char* bus : {"10", "20", "90", "a0"}) {
    for (const char* slot : {"1c", "1d"}) {
      changes[{"gpu.no-local-efa", std::string("0000:") + bus + ":" + slot + ".0"}] = "gone";
    }
  }
  return changes;
}

TEST(CloudFaults, WithoutDmiTheTypeIsUnknownAndNoMaximumIsClaimed) {
  FaultyNode node;
  node.tree().remove("/sys/class/dmi");
  EXPECT_EQ(node.changes(), with_unknown_type({{{"cloud.type-not-known", "node"}, "unknown"}}));
  EXPECT_EQ(node.verdict(), "healthy");
}

TEST(CloudFaults, ATypeOfTomorrowIsAnInfo) {
  FaultyNode node;
  node.tree().file("/sys/devices/virtual/dmi/id/product_name", "p99.48xlarge\n");
  EXPECT_EQ(node.changes(), with_unknown_type({{{"cloud.type-not-known", "node"}, "fail"}}));
  EXPECT_EQ(node.verdict(), "healthy");
}

}  // namespace
}  // namespace efa
