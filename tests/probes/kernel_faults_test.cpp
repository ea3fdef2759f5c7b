// Load a node, change a file of its kernel or driver, and exactly the finding meant changes.

#include <gtest/gtest.h>

#include "probes/base/text.h"
#include "tests/support/faulty_node.h"
#include "tests/support/module_elf.h"

namespace efa {
namespace {

using Codes = std::vector<std::string>;

std::string module_index(const std::string& file) {
  return "/lib/modules/6.1.177-224.371.amzn2023.x86_64/" + file;
}

// What an unloaded driver takes from all devices, and what is asked of it then.
Changes unloaded() {
  Changes changes = {{{"kernel.driver-not-loaded", "node"}, "fail"},
                     {{"kernel.driver-blocked", "node"}, "pass"},
                     {{"kernel.driver-mismatch", "node"}, "pass"},
                     {{"kernel.driver-stale", "node"}, "gone"},
                     {{"kernel.driver-unsigned", "node"}, "not_applicable"},
                     {{"kernel.driver-unsupported", "node"}, "not_applicable"},
                     {{"kernel.modules-disabled", "node"}, "not_applicable"},
                     {{"kernel.uverbs-not-installed", "node"}, "pass"}};
  changes.merge(without_gpu_paths());
  for (const char* address : kAllEfa) {
    changes.merge(without_rdma(address));
    changes[{"driver.not-bound", address}] = "fail";
    changes[{"rdma.not-registered", address}] = "not_applicable";
  }
  return changes;
}

// The same where the kernel has no module efa that could be asked.
Changes unloaded_without_module() {
  Changes changes = unloaded();
  for (const char* code : {"kernel.driver-mismatch", "kernel.driver-unsigned",
                           "kernel.driver-unsupported", "kernel.uverbs-not-installed"}) {
    changes.erase({code, "node"});
  }
  return changes;
}

// The same where modprobe finds none.
Changes uninstalled() {
  Changes changes = unloaded_without_module();
  changes[{"kernel.driver-not-installed", "node"}] = "fail";
  return changes;
}

TEST(KernelFaults, AnUnloadedDriverExplainsAllDevices) {
  FaultyNode node;
  node.unload_driver();
  EXPECT_EQ(node.changes(), unloaded());
  EXPECT_EQ(node.root_causes(), Codes{"kernel.driver-not-loaded"});
}

TEST(KernelFaults, NoModuleForTheKernelExplainsThatNoneIsLoaded) {
  FaultyNode node;
  node.unload_driver();
  node.tree().file(module_index("modules.dep"), "kernel/fs/fuse/fuse.ko.xz:\n");
  Changes meant = unloaded_without_module();
  meant[{"kernel.driver-not-installed", "node"}] = "fail";
  EXPECT_EQ(node.changes(), meant);
  EXPECT_EQ(node.root_causes(), Codes{"kernel.driver-not-installed"});
}

TEST(KernelFaults, AnUnreadableModuleIndexIsUnknown) {
  FaultyNode node;
  node.unload_driver();
  node.tree().remove(module_index("modules.dep"));
  Changes meant = unloaded_without_module();
  meant[{"kernel.driver-not-installed", "node"}] = "unknown";
  EXPECT_EQ(node.changes(), meant);
}

TEST(KernelFaults, ABlacklistExplainsTheUnloadedDriver) {
  for (const char* line :
       {"blacklist efa\n", "# no\ninstall efa /bin/false\n", "install ib_uverbs /bin/false\n",
        "install e?a exit 1\n", "alias efa off\n", "install ib_core :\nblacklist efa\n"}) {
    FaultyNode node;
    node.tree().file("/etc/modprobe.d/no-efa.conf", line);
    EXPECT_EQ(node.changes(), Changes{}) << "a loaded driver was not kept out";
    node.unload_driver();
    Changes meant = unloaded();
    meant[{"kernel.driver-blocked", "node"}] = "fail";
    EXPECT_EQ(node.changes(), meant);
    EXPECT_EQ(node.root_causes(), Codes{"kernel.driver-blocked"});
  }
}

TEST(KernelFaults, ALineThatDoesNotKeepTheDriverOutIsNotBlamed) {
  for (const char* line : {"#blacklist efa\n", "blacklist ib_core\n", "alias ib_core off\n",
                           "install efa /sbin/modprobe --ignore-install efa\n",
                           "install efa modprobe -i efa\ninstall efa /bin/false\n"}) {
    FaultyNode node;
    node.unload_driver();
    node.tree().file("/etc/modprobe.d/efa.conf", line);
    EXPECT_EQ(node.changes(), unloaded()) << line;
  }
}

const std::vector<std::string> kEntries = {"version=3.1.0g", "license=Dual BSD/GPL",
                                           "srcversion=8B4C3FB9BF4E5A5A7B0FA1E"};

TEST(KernelFaults, WhatKeepsAnUnloadedDriverOutIsTheCause) {
  struct Row {
    const char* cause;
    std::vector<std::pair<std::string, std::string>> files;
  };
  const std::string module = module_index("extra/efa.ko.xz");
  const std::string support = "/lib/modprobe.d/10-unsupported-modules.conf";
  const Row rows[] = {
      {"kernel.modules-disabled", {{"/proc/sys/kernel/modules_disabled", "1\n"}}},
      {"kernel.driver-blocked", {{"/proc/cmdline", "ro modprobe.blacklist=efa\n"}}},
      {"kernel.driver-blocked", {{"/proc/cmdline", "ro module_blacklist=ib_uverbs\n"}}},
      {"kernel.driver-unsigned",
       {{"/sys/kernel/security/lockdown", "none [integrity] confidentiality\n"},
        {module, module_elf(kEntries, false)}}},
      {"kernel.driver-unsigned",
       {{"/sys/module/module/parameters/sig_enforce", "Y\n"},
        {module, module_elf(kEntries, false)}}},
      {"kernel.driver-unsupported",
       {{support, "allow_unsupported_modules 0\n"}, {module, module_elf(kEntries, false)}}},
      {"kernel.driver-mismatch",
       {{"/dev/kmsg",
         "4,902,1800000,-;efa: disagrees about version of symbol ib_register_device\n"
         "4,903,1800001,-;efa: Unknown symbol ib_register_device (err -22)\n"}}},
      {"kernel.uverbs-not-installed",
       {{module_index("modules.dep"), "extra/efa.ko.xz:\n"},
        {"/dev/kmsg", "4,903,1800001,-;efa: Unknown symbol ib_copy_to_udata (err -2)\n"}}},
  };
  for (const Row& row : rows) {
    FaultyNode node;
    node.unload_driver();
    for (const auto& [path, text] : row.files) node.tree().file(path, text);
    node.changes();
    EXPECT_EQ(node.root_causes(), Codes{row.cause}) << row.files.front().first;
  }
}

// The checksums tell, whichever way the distribution has made the file smaller.
TEST(KernelFaults, ASignedOrSupportedModuleIsNoCauseAndOneThatIsCutShortIsNone) {
  for (const char* packed : {kModuleXz, kModuleGz, kModuleZst}) {
    FaultyNode node;
    node.unload_driver();
    node.tree().file("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    node.tree().file(module_index("extra/efa.ko.xz"), from_hex(packed));
    Changes meant = unloaded();
    meant[{"kernel.driver-unsigned", "node"}] = "pass";
    EXPECT_EQ(node.changes(), meant);
    EXPECT_EQ(node.root_causes(), Codes{"kernel.driver-not-loaded"});
    node.tree().file(module_index("extra/efa.ko.xz"), from_hex(packed).substr(0, 100));
    EXPECT_EQ(node.changes(), uninstalled());
    EXPECT_EQ(node.root_causes(), Codes{"kernel.driver-not-installed"});
  }
}

TEST(KernelFaults, AListedFileThatIsNoModuleIsNoDriver) {
  for (const std::string& content :
       {std::string(), std::string(4096, '\0'), module_elf(kEntries, false).substr(0, 200)}) {
    FaultyNode node;
    node.unload_driver();
    node.tree().file(module_index("extra/efa.ko.xz"), module_elf(kEntries, false));
    EXPECT_EQ(node.changes(), unloaded());
    node.tree().file(module_index("extra/efa.ko.xz"), content);
    EXPECT_EQ(node.changes(), uninstalled()) << content.size();
    EXPECT_EQ(node.root_causes(), Codes{"kernel.driver-not-installed"});
  }
}

TEST(KernelFaults, AListedFileThatIsNotThereIsNoDriver) {
  for (const bool linked : {false, true}) {
    FaultyNode node;
    node.unload_driver();
    EXPECT_EQ(node.changes(), unloaded()) << "no file of a module is in the sysroot";
    node.tree().file(module_index("kernel/fs/fuse/fuse.ko.xz"), "");
    if (linked) node.tree().link(module_index("extra/efa.ko.xz"), module_index("old/efa.ko.xz"));
    EXPECT_EQ(node.changes(), uninstalled()) << linked;
    EXPECT_EQ(node.root_causes(), Codes{"kernel.driver-not-installed"});
  }
}

TEST(KernelFaults, AModuleThatDepmodHasNotListedIsTold) {
  FaultyNode node;
  node.unload_driver();
  node.tree().file(module_index("modules.dep"), "kernel/fs/fuse/fuse.ko.xz:\n");
  node.tree().file(module_index("updates/dkms/efa.ko.xz"), from_hex(kModuleXz));
  EXPECT_EQ(node.changes(), uninstalled());
  EXPECT_NE(text_of_sysroot(node.path()).find("sudo depmod -a && sudo modprobe efa"),
            std::string::npos);
  node.tree().file(module_index("updates/dkms/efa.ko.xz"), from_hex(kModuleXz).substr(0, 100));
  EXPECT_EQ(node.changes(), uninstalled());
  EXPECT_EQ(text_of_sysroot(node.path()).find("depmod"), std::string::npos);
}

TEST(KernelFaults, ARunningKernelWhoseModulesWereRemovedNeedsAReboot) {
  FaultyNode node;
  node.unload_driver();
  node.tree().remove("/lib/modules/6.1.177-224.371.amzn2023.x86_64");
  node.changes();
  EXPECT_EQ(node.root_causes(), Codes{"kernel.driver-not-loaded"}) << "as a container sees it";
  node.tree().file("/lib/modules/6.1.180-1.amzn2023.x86_64/modules.dep", "extra/efa.ko.xz:\n");
  node.changes();
  EXPECT_EQ(node.root_causes(), Codes{"kernel.driver-not-installed"});
  EXPECT_NE(text_of_sysroot(node.path()).find("modules were removed"), std::string::npos);
  node.tree().file("/.dockerenv", "");
  Changes in_container = node.changes();
  EXPECT_EQ((in_container[{"kernel.driver-not-installed", "node"}]), "unknown");
}

TEST(KernelFaults, ADriverThatIsBuiltInNeedsNoModules) {
  FaultyNode node;
  node.tree().remove("/sys/module/efa");
  node.tree().remove("/lib/modules");
  node.tree().file("/etc/modprobe.d/no-efa.conf", "blacklist efa\n");
  node.changes();
  for (const std::string& root : node.root_causes()) EXPECT_FALSE(root.starts_with("kernel."));
}

// All of its devices of an id that the loaded driver is too old for.
void make_stale(const FaultyNode& node, const std::string& loaded) {
  for (const char* address : kAllEfa) {
    node.unbind(address);
    node.tree().file(std::string("/sys/bus/pci/devices/") + address + "/device", "0xefa3\n");
  }
  node.tree().remove("/sys/module/efa/version");
  if (!loaded.empty()) node.tree().file("/sys/module/efa/version", loaded + "\n");
}

TEST(KernelFaults, AnOlderDriverThanOnDiskExplainsAllDevices) {
  FaultyNode node;
  make_stale(node, "2.10.0g");
  node.changes();
  EXPECT_EQ(node.root_causes(), Codes{"kernel.driver-stale"});
  FaultyNode newer;
  make_stale(newer, "2.17.3g");
  newer.changes();
  EXPECT_EQ(newer.root_causes(), Codes{"driver.not-bound"});
}

TEST(KernelFaults, ADriverWithoutVersionIsKnownByItsSources) {
  FaultyNode node;
  make_stale(node, "");
  node.tree().file("/sys/module/efa/srcversion", "0123456789ABCDEF0123456\n");
  node.tree().file(module_index("extra/efa.ko.xz"), from_hex(kModuleXz));
  node.changes();
  EXPECT_EQ(node.root_causes(), Codes{"kernel.driver-stale"});
  node.tree().file("/sys/module/efa/srcversion", "8B4C3FB9BF4E5A5A7B0FA1E\n");
  node.changes();
  EXPECT_EQ(node.root_causes(), Codes{"driver.not-bound"});
}

TEST(KernelFaults, ADriverThatIsStuckExplainsItsDevices) {
  FaultyNode node;
  for (const char* address : kAllEfa) node.unbind(address);
  node.tree().file("/sys/module/efa/initstate", "coming\n");
  node.tree().directory("/usr/src/ofa_kernel");
  node.changes();
  EXPECT_EQ(node.root_causes(), Codes{"kernel.driver-stuck"});
}

TEST(KernelFaults, TheNextKernelWithoutDriverIsAWarning) {
  FaultyNode node;
  node.tree().link("/boot/vmlinuz", "vmlinuz-6.0.1");  // installed last, and no first entry
  node.tree().file("/boot/grub/grub.cfg",
                   "set default=\"0\"\nmenuentry 'Ubuntu' {\n"
                   "\tlinux\t/boot/vmlinuz-7.0.0-1012-aws-64k root=PARTUUID=1 ro\n}\n");
  const std::string modules = "/lib/modules/7.0.0-1012-aws-64k/";
  node.tree().file(modules + "modules.dep", "kernel/fs/fuse/fuse.ko.zst:\n");
  node.tree().file(modules + "modules.builtin", "kernel/fs/ext4/ext4.ko\n");
  EXPECT_EQ(node.changes(), (Changes{{{"kernel.next-kernel-without-driver", "node"}, "fail"}}));
  EXPECT_EQ(node.verdict(), "degraded");
  node.tree().file(modules + "modules.dep", "updates/dkms/efa.ko.zst:\n");
  EXPECT_EQ(node.changes(), (Changes{{{"kernel.next-kernel-without-driver", "node"}, "pass"}}));
}

// A kernel in one file with its initramfs (UKI), and a menu of GRUB's that nobody keeps up.
TEST(KernelFaults, OfAKernelThatBootsPastGrubNothingIsClaimed) {
  constexpr const char* kNext = "kernel.next-kernel-without-driver";
  FaultyNode node;
  node.tree().file("/boot/grub/grub.cfg",
                   "menuentry 'old' {\n\tlinux /boot/vmlinuz-5.10.0-1-amd64 ro\n}\n");
  node.tree().file("/lib/modules/5.10.0-1-amd64/modules.dep", "kernel/fs/fuse/fuse.ko:\n");
  node.tree().file("/lib/modules/5.10.0-1-amd64/modules.builtin", "kernel/fs/ext4/ext4.ko\n");
  EXPECT_EQ(node.changes(), (Changes{{{kNext, "node"}, "fail"}}));
  node.tree().file("/boot/efi/EFI/Linux/6.1.0-40-amd64.efi", "MZ");
  EXPECT_EQ(node.changes(), (Changes{{{kNext, "node"}, "unknown"}}));
  EXPECT_EQ(node.verdict(), "healthy");
}

TEST(KernelFaults, ModulesThatCannotBeListedAreUnknown) {
  FaultyNode node;
  node.tree().remove("/sys/module");
  EXPECT_EQ(node.changes(), (Changes{{{"gpu.efa-too-old-for-nvidia", "node"}, "unknown"},
                                     {{"gpu.libfabric-needs-p2p", "node"}, "not_applicable"},
                                     {{"gpu.no-memory-path", "node"}, "unknown"},
                                     {{"gpu.peermem-stale", "node"}, "pass"},
                                     {{"gpu.plugin-needs-p2p", "node"}, "unknown"},
                                     {{"gpu.user-space-differs", "node"}, "unknown"},
                                     {{"kernel.driver-stale", "node"}, "gone"},
                                     {{"kernel.rdma-netns-exclusive", "node"}, "not_applicable"}}));
  EXPECT_EQ(node.verdict(), "unknown") << "of the memory of its GPUs; what is bound is driven";
}

TEST(KernelFaults, WithoutIbUverbsNoDeviceHasANode) {
  FaultyNode node;
  node.tree().remove("/sys/module/ib_uverbs");
  node.tree().remove("/sys/class/infiniband_verbs");
  node.tree().remove("/dev/infiniband");
  Changes meant = {{{"kernel.uverbs-not-loaded", "node"}, "fail"}};
  for (const char* address : kAllEfa) {
    node.tree().remove("/sys/bus/pci/devices/" + std::string(address) + "/infiniband_verbs");
    meant[{"node.missing", address}] = "fail";
    for (const char* code : {"node.wrong-number", "node.cannot-open", "node.restricted-mode"}) {
      meant[{code, address}] = "gone";
    }
  }
  EXPECT_EQ(node.changes(), meant);
  EXPECT_EQ(node.root_causes(), Codes{"kernel.uverbs-not-loaded"});
}

TEST(KernelFaults, NoFunctionAtAllIsAFaultByWhatIsExpected) {
  FaultyNode node;
  for (const char* address : kAllEfa) {
    node.unbind(address);
    node.tree().remove(std::string("/sys/bus/pci/devices/") + address);
  }
  node.changes();
  EXPECT_EQ(node.root_causes(), Codes{"pci.device-vanished"}) << "the kernel has named them";
  node.tree().file("/dev/kmsg", "");  // none was there since boot
  node.changes();
  EXPECT_EQ(node.verdict(), "degraded") << "it is sold for them";
  EXPECT_EQ(node.root_causes(), Codes{"cloud.rails-unused"});
  for (const char* expect : {"max", "4"}) {
    node.changes({"--expect", expect});
    EXPECT_EQ(node.verdict(), "unhealthy");
    EXPECT_EQ(node.root_causes(), Codes{"pci.none-found"});
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

}  // namespace
}  // namespace efa
