// Load a node, change a file of one device, and exactly the finding meant changes.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "tests/support/faulty_node.h"

namespace efa {
namespace {

using Codes = std::vector<std::string>;

std::string pci(const std::string& file) {
  return std::string(kFirstPci) + "/" + file;
}
std::string rdma(const std::string& file) {
  return std::string(kFirstRdma) + "/" + file;
}

Changes with(Changes changes, const Changes& more) {
  changes.insert(more.begin(), more.end());
  return changes;
}

TEST(PciFaults, AFunctionWithoutDriverIsNotBound) {
  FaultyNode node;
  node.tree().remove(pci("driver"));
  EXPECT_EQ(node.changes(), (Changes{{{"driver.not-bound", kFirst}, "fail"}}));
  EXPECT_EQ(node.root_causes(), Codes{"driver.not-bound"});
  EXPECT_EQ(node.verdict(), "unhealthy");
}

TEST(PciFaults, AnUnboundFunctionLosesTheRungsAboveWithoutMoreAlarms) {
  FaultyNode node;
  node.unbind(kFirst);
  const Changes meant = {{{"driver.not-bound", kFirst}, "fail"},
                         {{"rdma.not-registered", kFirst}, "not_applicable"}};
  EXPECT_EQ(node.changes(), with(meant, without_rdma(kFirst)));
  EXPECT_EQ(node.root_causes(), Codes{"driver.not-bound"});
}

TEST(PciFaults, AllOnesInConfigSpaceIsADeadDevice) {
  FaultyNode node;
  node.tree().file(pci("config"), std::string(64, '\xff'));
  EXPECT_EQ(node.changes(), (Changes{{{"pci.config-space-dead", kFirst}, "fail"}}));
  EXPECT_EQ(node.root_causes(), Codes{"pci.config-space-dead"});
}

TEST(PciFaults, ConfigSpaceThatCannotBeReadIsUnknown) {
  for (const char* text : {"", "\x0f\x1d"}) {
    FaultyNode node;
    node.tree().file(pci("config"), text);
    EXPECT_EQ(node.changes(), (Changes{{{"pci.config-space-dead", kFirst}, "unknown"}}));
    EXPECT_EQ(node.verdict(), "unknown");
  }
}

TEST(PciFaults, ADeviceWithoutANumaNodeAmongSiblingsWithOneIsAnInfo) {
  FaultyNode node;
  node.tree().file(pci("numa_node"), "-1\n");
  EXPECT_EQ(node.changes(), (Changes{{{"pci.numa-node-missing", kFirst}, "fail"}}));
  EXPECT_EQ(node.verdict(), "healthy");
  node.tree().file(pci("numa_node"), "x\n");
  EXPECT_EQ(node.changes(), (Changes{{{"pci.numa-node-missing", kFirst}, "unknown"}}));
}

TEST(PciFaults, ADeviceThatLacksARegionIsToldBesideItsSiblings) {
  FaultyNode node;
  const std::string registers = "0x00000000fe000000 0x00000000fe003fff 0x0000000000140204\n";
  const std::string none = "0x0000000000000000 0x0000000000000000 0x0000000000000000\n";
  const std::string queues = "0x00000000fd000000 0x00000000fd0fffff 0x000000000014220c\n";
  Changes meant;
  for (const char* address : kAllEfa) {
    const bool lacks = std::string(address) == kFirst;
    node.tree().file(std::string("/sys/bus/pci/devices/") + address + "/resource",
                     registers + none + (lacks ? none : queues));
    meant[{"pci.bars-differ", address}] = lacks ? "fail" : "pass";
  }
  EXPECT_EQ(node.changes(), meant);
  EXPECT_EQ(node.verdict(), "degraded");
}

TEST(PciFaults, AnIdThatTheDriverLacksExplainsTheUnboundDevice) {
  FaultyNode node;
  node.tree().file(pci("device"), "0xefa9\n");
  node.unbind(kFirst);
  const Changes meant = {{{"pci.id-unknown", kFirst}, "fail"},
                         {{"driver.not-bound", kFirst}, "fail"},
                         {{"rdma.not-registered", kFirst}, "not_applicable"}};
  EXPECT_EQ(node.changes(), with(meant, without_rdma(kFirst)));
  EXPECT_EQ(node.root_causes(), Codes{"pci.id-unknown"});
}

TEST(PciFaults, AReservationForVfioExplainsItsDriver) {
  FaultyNode node;
  node.tree().file(pci("driver_override"), "vfio-pci\n");
  EXPECT_EQ(node.changes(), (Changes{{{"pci.driver-override", kFirst}, "fail"}}));
  EXPECT_EQ(node.verdict(), "degraded");
  node.unbind(kFirst);
  node.tree().link(pci("driver"), "/sys/bus/pci/drivers/vfio-pci");
  const Changes meant = {{{"pci.driver-override", kFirst}, "fail"},
                         {{"driver.wrong-driver", kFirst}, "fail"},
                         {{"driver.not-bound", kFirst}, "gone"},
                         {{"rdma.not-registered", kFirst}, "not_applicable"}};
  EXPECT_EQ(node.changes(), with(meant, without_rdma(kFirst)));
  EXPECT_EQ(node.root_causes(), Codes{"pci.driver-override"});
}

TEST(PciFaults, ALineThatGivesItToVfioAtEachBootIsNamed) {
  FaultyNode node;
  node.unbind(kFirst);
  node.tree().directory("/sys/bus/pci/drivers/vfio-pci");
  node.tree().link(pci("driver"), "/sys/bus/pci/drivers/vfio-pci");
  const auto words = [&] {
    node.changes();
    return render_json(node.report());
  };
  node.tree().file("/etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:20b0\n");
  EXPECT_EQ(words().find("at each boot, by"), std::string::npos) << "it is of a GPU";
  node.tree().file("/etc/modprobe.d/vfio.conf", "options vfio-pci ids=1d0f:efa0\n");
  const std::string by_file = words();
  EXPECT_NE(by_file.find("at each boot, by /etc/modprobe.d/vfio.conf: options vfio-pci "
                         "ids=1d0f:efa0"),
            std::string::npos)
      << by_file;
  EXPECT_NE(by_file.find("sudo sed -i -E"), std::string::npos);
  node.tree().remove("/etc/modprobe.d/vfio.conf");
  node.tree().file("/proc/cmdline", "ro vfio-pci.ids=1d0f:efa0 quiet\n");
  EXPECT_NE(words().find("at each boot, by /proc/cmdline: vfio-pci.ids=1d0f:efa0"),
            std::string::npos);
  EXPECT_EQ(node.root_causes(), Codes{"driver.wrong-driver"});
}

// What the guest is shown of the link of all four devices.
void set_links(const FaultyNode& node, const std::string& speed, const std::string& width) {
  for (const char* address : kAllEfa) {
    const std::string path = std::string("/sys/bus/pci/devices/") + address + "/";
    for (const char* which : {"current", "max"}) {
      node.tree().file(path + which + "_link_speed", speed + "\n");
      node.tree().file(path + which + "_link_width", width + "\n");
    }
  }
}

TEST(PciFaults, ALinkThatIsNarrowerOrSlowerThanItsSiblingsIsAWarning) {
  for (const auto& [speed, width] : {std::pair{"16.0 GT/s PCIe", "4"}, {"8.0 GT/s PCIe", "8"}}) {
    FaultyNode node;
    set_links(node, "16.0 GT/s PCIe", "8");
    node.tree().file(pci("current_link_speed"), std::string(speed) + "\n");
    node.tree().file(pci("current_link_width"), std::string(width) + "\n");
    EXPECT_EQ((node.changes()[{"pci.narrow-link", kFirst}]), "fail") << speed;
    EXPECT_EQ(node.root_causes(), Codes{"pci.narrow-link"});
    EXPECT_EQ(node.verdict(), "degraded");
  }
}

TEST(PciFaults, LinksThatAreAllBelowTheirMaximumAreNoFault) {
  FaultyNode node;
  set_links(node, "16.0 GT/s PCIe", "8");
  for (const char* address : kAllEfa) {
    node.tree().file(std::string("/sys/bus/pci/devices/") + address + "/max_link_width", "16\n");
  }
  node.changes();
  EXPECT_EQ(node.verdict(), "healthy");
}

// A device that repeats itself does not push out why another did not start.
TEST(PciFaults, WhyADeviceDidNotStartIsKnownOnABusyLogToo) {
  FaultyNode node;
  std::string log = std::string("3,900,1000000,-;efa ") + kFirst +
                    ": Failed to enable MSI-X. ret -28\n3,901,1000100,-;efa: probe of " + kFirst +
                    " failed with error -28\n";
  for (int i = 0; i < 500; ++i) {
    log += "3," + std::to_string(1000 + i) + "," + std::to_string(2'000'000 + i) +
           ",-;infiniband rdmap32s27: Failed to process command REG_MR (opcode 7) err -22\n";
  }
  node.tree().file("/dev/kmsg", log);
  node.tree().remove(std::string("/sys/bus/pci/devices/") + kFirst + "/driver");
  node.tree().remove("/sys/class/infiniband/rdmap16s27");
  EXPECT_EQ(node.changes().at({"driver.probe-failed", kFirst}), "fail");
}

// The kernel has named it since boot: it was there, and no interface is to be attached.
TEST(PciFaults, AMissingFunctionThatTheKernelHasNamedHasVanished) {
  FaultyNode node;
  node.tree().remove(std::string("/sys/bus/pci/devices/") + kFirst);
  node.tree().remove("/sys/class/infiniband/rdmap16s27");
  const Changes changes = node.changes();
  EXPECT_EQ(changes.at({"pci.device-vanished", kFirst}), "fail");
  EXPECT_EQ(node.verdict(), "unhealthy");
  EXPECT_EQ(node.root_causes(), Codes{"pci.device-vanished"});
}

TEST(PciFaults, AMissingFunctionIsOneFewerThanTheTypeCanHave) {
  FaultyNode node;
  node.tree().file("/dev/kmsg", "");
  node.tree().remove(std::string("/sys/bus/pci/devices/") + kFirst);
  node.tree().remove("/sys/class/infiniband/rdmap16s27");
  Changes meant = without_rdma(kFirst);
  for (const char* code :
       {"pci.config-space-dead", "pci.id-unknown", "pci.driver-override", "pci.narrow-link",
        "pci.numa-node-missing", "driver.not-bound", "rdma.not-registered"}) {
    meant[{code, kFirst}] = "gone";
  }
  for (const char* gpu : {"0000:10:1c.0", "0000:10:1d.0"}) {
    meant[{"gpu.no-local-efa", gpu}] = "fail";
  }
  EXPECT_EQ(node.changes(), with({{{"pci.fewer-than-maximum", "node"}, "fail"}}, meant));
  EXPECT_EQ(node.verdict(), "degraded");
  meant[{"pci.fewer-than-maximum", "node"}] = "gone";
  EXPECT_EQ(node.changes({"--expect", "4"}),
            with({{{"pci.fewer-than-expected", "node"}, "fail"}}, meant));
  EXPECT_EQ(node.root_causes(), Codes{"pci.fewer-than-expected"});
}

TEST(PciFaults, AFunctionWhoseIdCannotBeReadMayBeAnEfa) {
  for (const char* file : {"vendor", "device"}) {
    FaultyNode node;
    node.tree().file(pci(file), "rubbish\n");
    Changes changes = node.changes();
    EXPECT_EQ((changes[{"pci.config-space-dead", kFirst}]), "unknown");
    EXPECT_EQ((changes[{"rdma.foreign-devices", "node"}]), "unknown") << "nor is it foreign";
    EXPECT_FALSE(changes.contains({"pci.device-vanished", kFirst})) << "it is there";
    const Array& funnel = *node.report().find("funnel")->as<Array>();
    EXPECT_EQ(render_json(funnel.at(2)), R"({"stage":"pci","count":3,"at_least":true,"lost":[]})");
    EXPECT_EQ(node.verdict(), "unknown");
  }
}

TEST(RdmaFaults, ABoundFunctionWithoutRdmaDeviceIsNotRegistered) {
  FaultyNode node;
  node.tree().remove("/sys/class/infiniband/rdmap16s27");
  EXPECT_EQ(node.changes(),
            with({{{"rdma.not-registered", kFirst}, "fail"}}, without_rdma(kFirst)));
  EXPECT_EQ(node.root_causes(), Codes{"rdma.not-registered"});
}

TEST(RdmaFaults, ACounterThatIsNoNumberIsUnknownAndNoOther) {
  for (const char* file : {"ports/1/hw_counters/tx_bytes", "hw_counters/cmds_err"}) {
    for (const char* text : {"rubbish", "", "-1", "99999999999999999999", "1\n2"}) {
      FaultyNode node;
      node.tree().file(rdma(file), text);
      EXPECT_EQ(node.changes(), (Changes{{{"rdma.counter-unreadable", kFirst}, "unknown"}}))
          << text;
      EXPECT_EQ(node.verdict(), "healthy");
    }
  }
}

TEST(RdmaFaults, ACounterThatCannotBeReadIsUnknown) {
  FaultyNode node;
  node.tree().remove(rdma("ports/1/hw_counters/tx_bytes"));
  node.tree().directory(rdma("ports/1/hw_counters/tx_bytes"));
  EXPECT_EQ(node.changes(), (Changes{{{"rdma.counter-unreadable", kFirst}, "unknown"}}));
}

TEST(RdmaFaults, NoCountersAtAllIsUnknown) {
  FaultyNode node;
  node.tree().remove(rdma("ports/1/hw_counters"));
  EXPECT_EQ(node.changes(), (Changes{{{"rdma.counters-fail", kFirst}, "unknown"}}));
  EXPECT_EQ(node.verdict(), "unknown");
}

TEST(RdmaFaults, AGidWithoutMacIsAWarning) {
  FaultyNode node;
  node.tree().file(rdma("ports/1/gids/0"), "0000:0000:0000:0000:0000:0000:0000:0000\n");
  EXPECT_EQ(node.changes(), (Changes{{{"rdma.no-gid", kFirst}, "fail"}}));
  EXPECT_EQ(node.verdict(), "degraded");
  node.tree().remove(rdma("ports/1/gids"));
  EXPECT_EQ(node.changes(), (Changes{{{"rdma.no-gid", kFirst}, "unknown"}}));
}

// As in a container with a part of sysfs.
TEST(RdmaFaults, AClassOfDeviceNodesThatIsNotShownIsNoFault) {
  FaultyNode node;
  node.tree().remove("/sys/class/infiniband_verbs");
  EXPECT_EQ(node.changes(), Changes{});
  Changes meant;
  for (const char* address : kAllEfa) {
    node.tree().remove("/sys/bus/pci/devices/" + std::string(address) + "/infiniband_verbs");
    meant[{"node.missing", address}] = "unknown";
    for (const char* code : {"node.wrong-number", "node.cannot-open", "node.restricted-mode"}) {
      meant[{code, address}] = "gone";
    }
  }
  node.tree().file("/proc/devices", "Character devices:\n231 infiniband_verbs\n\n");
  EXPECT_EQ(node.changes(), meant);
  EXPECT_EQ(node.verdict(), "unknown");
}

TEST(RdmaFaults, AKernelNameBesideTheRenamingRuleIsAnInfo) {
  FaultyNode node;
  node.tree().remove("/sys/class/infiniband/rdmap16s27");
  node.tree().link("/sys/class/infiniband/efa_0", kFirstRdma);
  node.tree().file(pci("infiniband_verbs/uverbs0/ibdev"), "efa_0\n");
  EXPECT_EQ(node.changes(), (Changes{{{"rdma.name-not-persistent", kFirst}, "fail"}}));
  EXPECT_EQ(node.verdict(), "healthy");
}

// A file of /etc hides the distribution's; NAME_KERNEL is a mode that rdma-core's own file names.
TEST(RdmaFaults, AKernelNameIsMeantWhereTheRuleIsTurnedOff) {
  constexpr const char* kRule = "/etc/udev/rules.d/60-rdma-persistent-naming.rules";
  const std::string rename =
      "ACTION==\"add\", SUBSYSTEM==\"infiniband\", PROGRAM=\"rdma_rename %k ";
  FaultyNode node;
  node.tree().remove("/sys/class/infiniband/rdmap16s27");
  node.tree().link("/sys/class/infiniband/efa_0", kFirstRdma);
  node.tree().file(pci("infiniband_verbs/uverbs0/ibdev"), "efa_0\n");
  const Changes off = {{{"rdma.name-not-persistent", kFirst}, "not_applicable"}};
  const Changes on = {{{"rdma.name-not-persistent", kFirst}, "fail"}};
  for (const std::string& text :
       {rename + "NAME_KERNEL\"\n", std::string(), "# " + rename + "NAME_FALLBACK\"\n",
        rename + "NAME_FIXED roce_rail0\"\n"}) {
    node.tree().file(kRule, text);
    EXPECT_EQ(node.changes(), off) << text;
  }
  for (const std::string& text :
       {"# NAME_KERNEL - leave name as kernel provided\n" + rename + "NAME_FALLBACK\"\n",
        rename + "NAME_PCI\"\n"}) {
    node.tree().file(kRule, text);
    EXPECT_EQ(node.changes(), on) << text;
  }
  node.tree().remove(kRule);
  node.tree().link(kRule, "/dev/null");
  EXPECT_EQ(node.changes(), off);
}

TEST(NodeFaults, AMissingDeviceNodeIsCritical) {
  FaultyNode node;
  node.tree().remove("/dev/infiniband/uverbs0");
  EXPECT_EQ(node.changes(), (Changes{{{"node.missing", kFirst}, "fail"},
                                     {{"node.wrong-number", kFirst}, "gone"},
                                     {{"node.cannot-open", kFirst}, "gone"},
                                     {{"node.restricted-mode", kFirst}, "gone"}}));
  EXPECT_EQ(node.root_causes(), Codes{"node.missing"});
}

// docker -v makes one where no node was.
TEST(NodeFaults, ADirectoryStandsForNoNode) {
  FaultyNode node;
  node.tree().remove("/dev/infiniband/uverbs0");
  node.tree().directory("/dev/infiniband/uverbs0");
  const Changes changes = node.changes();
  const auto found = changes.find({"node.wrong-number", kFirst});
  ASSERT_NE(found, changes.end());
  EXPECT_EQ(found->second, "fail");
  EXPECT_EQ(node.verdict(), "unhealthy");
}

TEST(NodeFaults, ARealNodeIsJudgedInASysrootButNotOpened) {
  FaultyNode node;
  node.tree().remove("/dev/infiniband/uverbs0");
  const std::string path = node.tree().at("/dev/infiniband/uverbs0");
  if (mknod(path.c_str(), S_IFCHR | 0600, makedev(231, 200)) != 0) {
    GTEST_SKIP() << "only root makes device nodes";
  }
  EXPECT_EQ(node.changes(), (Changes{{{"node.wrong-number", kFirst}, "fail"},
                                     {{"node.restricted-mode", kFirst}, "fail"}}));
}

}  // namespace
}  // namespace efa
