// The efa driver: missing, too old, refused, stuck, or without luck at a device.

#include <algorithm>
#include <string>

#include "tests/modes/mode_case.h"
#include "tests/support/machine.h"
#include "tests/support/module_elf.h"

namespace efa {
namespace {

constexpr const char* kRockyKernel = "5.14.0-570.58.1.el9_6.x86_64";
constexpr const char* kRedHatKernel = "6.12.0-124.11.1.el10_1.x86_64";
constexpr const char* kSuseKernel = "6.4.0-150600.23.65-default";
constexpr const char* kUbuntuKernel = "6.8.0-1040-aws";

SyntheticFunction& function_at(SyntheticNode& node, const std::string& address) {
  return *std::find_if(node.functions.begin(), node.functions.end(),
                       [&](const SyntheticFunction& one) { return one.address() == address; });
}

void write_modules(const Tree& tree, const std::string& kernel, const std::string& lines) {
  tree.file("/lib/modules/" + kernel + "/modules.dep", "kernel/fs/fuse/fuse.ko.xz:\n" + lines);
}

void leave_unloaded(SyntheticNode& node) {
  unbind(node);
  node.efa_loaded = false;
}

void drive_none(SyntheticNode& node) {
  unbind(node);
  node.efa_loaded = true;
}

Shape without_driver_of(const char* address) {
  return [=](SyntheticNode& node) { function_at(node, address).held_by = ""; };
}

// F06
void say_nothing(const Tree& tree) {
  log_lines(tree, "");
}

void lack_driver(SyntheticNode& node) {
  leave_unloaded(node);
  node.os = "Rocky Linux 9.6";
  node.kernel = kRockyKernel;
  node.efa_ids.clear();
}

void list_no_driver(const Tree& tree) {
  say_nothing(tree);
  write_modules(tree, kRockyKernel, "");
}

void keep_out(const Tree& tree) {
  say_nothing(tree);
  tree.file("/etc/modprobe.d/no-efa.conf", "blacklist efa\n");
}

// F07: 0xefa3 came with 2.12
void bring_2_10(SyntheticNode& node) {
  drive_none(node);
  node.efa_version = "2.10.0g";
  node.efa_ids = {"0xefa0", "0xefa1", "0xefa2"};
  auto& packages = node.installer->packages;
  std::replace(packages.begin(), packages.end(), std::string("efa-3.1.0-1"),
               std::string("efa-2.10.0-1"));
}

// F20: of amzn-drivers#357, with an NVIDIA driver that needs the module
void need_peermem_on_red_hat(SyntheticNode& node) {
  node.os = "Red Hat Enterprise Linux 10.1";
  node.kernel = kRedHatKernel;
  node.nvidia = SyntheticNvidia{"535.129.03", true, ""};
}

void fail_to_build_peermem(const Tree& tree) {
  const std::string module = "/var/lib/dkms/efa-nv-peermem/1.2.2/";
  tree.file(module + "build/make.log",
            std::string("DKMS make.log for efa-nv-peermem-1.2.2 for kernel ") + kRedHatKernel +
                " (x86_64)\nerror: objtool: cleanup_module(): Magic init_module() function name is "
                "deprecated\n");
}

// F22
void lack_built_driver(SyntheticNode& node) {
  leave_unloaded(node);
  node.efa_ids.clear();
}

void build_for_the_old_kernel(const Tree& tree) {
  say_nothing(tree);
  write_modules(tree, kUbuntuKernel, "");
  tree.directory("/var/lib/dkms/efa/3.0.0/6.8.0-1039-aws/x86_64/module");
}

// The kernel's own driver is 3.0.0a.
void install_3_1_0(SyntheticNode& node) {
  node.installer = SyntheticInstaller{"1.49.0",
                                      {"efa-config-1.18-1", "efa-3.1.0-1", "rdma-core-63.0-1",
                                       "efa-profile-1.7-1", "libfabric-aws-2.4.0amzn5.0-1"}};
}

void build_3_1_0_for_the_old_kernel(const Tree& tree) {
  tree.directory("/var/lib/dkms/efa/3.1.0/6.1.170-210.320.amzn2023.x86_64/x86_64/module");
}

// F23: what insmod left when the kernel ended it. The kernel binds a device before it is started.
void die_at_the_first_device(SyntheticNode& node) {
  drive_none(node);
  SyntheticFunction& first = function_at(node, "0000:4f:00.0");
  first.held_by.reset();
  first.name.reset();
}

void get_stuck_beside_ofed(const Tree& tree) {
  tree.file("/proc/uptime", "600.00 9000.00\n");
  log_lines(tree, "6,2000,500000000,-;audit: rate limit\n");
  tree.directory("/usr/src/ofa_kernel");
  tree.directory("/sys/class/infiniband");
  tree.file("/sys/module/efa/initstate", "coming\n");
  tree.file("/proc/sys/kernel/tainted", "12416\n");  // crashed; efa is not the kernel's own
}

void crash_beside_ofed(const Tree& tree) {
  get_stuck_beside_ofed(tree);
  log_lines(tree,
            "6,890,1600000,-;Elastic Fabric Adapter (EFA) v2.8.0g\n"
            "6,900,1700000,-;efa 0000:4f:00.0: Setup irq:1861 name:efa-mgmnt@pci:0000:4f:00.0\n"
            "1,901,1800000,-;BUG: unable to handle page fault for address: ffffa1b2c3d4e5f6\n"
            "4,902,1800001,-;Oops: 0000 [#1] PREEMPT SMP NOPTI\n"
            "4,903,1800002,-;RIP: 0010:ib_register_device+0x12/0x340 [ib_core]\n"
            "4,904,1800003,-;Call Trace:\n"
            "4,905,1800004,-; efa_ib_device_add+0x1f0/0x2c0 [efa]\n"
            "4,906,1800005,-; efa_probe+0x536/0x8b0 [efa]\n"
            "4,907,1800006,-;---[ end trace 0000000000000000 ]---\n");
}

// F24
void lack_uverbs(const Tree& tree) {
  write_modules(tree, kUbuntuKernel, "updates/dkms/efa.ko:\n");
  log_lines(tree, "4,902,1800000,-;efa: Unknown symbol ib_copy_to_udata (err -2)\n");
}

// F28: the driver is bound to its last device and has not come to register it
void come_late(SyntheticNode& node) {
  function_at(node, "0000:b5:00.0").name.reset();
}

void set_up_an_interrupt(const Tree& tree) {
  tree.file("/proc/uptime", "600.00 9000.00\n");
  log_lines(tree,
            "6,890,1600000,-;Elastic Fabric Adapter (EFA) v3.0.0g\n"
            "6,900,1700000,-;efa 0000:b5:00.0: Setup irq:115 name:efa-mgmnt@pci:0000:b5:00.0\n");
}

// F29
void say_not_ready(const Tree& tree) {
  log_lines(tree,
            "3,902,1800000,-;efa 0000:4f:00.0: Device isn't ready, abort com init 0x0\n"
            "3,903,1800001,-;efa 0000:4f:00.0: EFA device init failed\n");
}

// F31
void run_out_of_vectors(const Tree& tree) {
  log_lines(tree,
            "3,902,1800000,-;efa 0000:00:1e.0: Failed to enable MSI-X. error -28\n"
            "4,903,1800001,-;efa: probe of 0000:00:1e.0 failed with error -28\n");
}

// After that the driver sends the device no command, so its port's counters cannot be read.
void lose_an_interrupt(const Tree& tree) {
  const std::string device = "/sys/devices/pci0000:00/0000:00:1f.0/infiniband/rdmap0s31/";
  tree.file(device + "hw_counters/no_completion_cmds", "1\n");
  tree.remove(device + "ports/1/hw_counters");
  log_lines(tree,
            "3,902,1800000,-;efa 0000:00:1f.0 rdmap0s31: The device sent a completion but the "
            "driver didn't receive any MSI-X interrupt for admin cmd GET_STATS(13) status 1\n");
}

// F70
void prepare_kexec(const Tree& tree) {
  tree.file("/sys/kernel/kexec_loaded", "1\n");
}

// F73
void run_suse(SyntheticNode& node) {
  leave_unloaded(node);
  node.os = "SUSE Linux Enterprise Server 15 SP6";
  node.kernel = kSuseKernel;
  node.efa_module = "updates/efa.ko";
}

void refuse_unsupported(const Tree& tree) {
  say_nothing(tree);
  tree.file("/lib/modprobe.d/10-unsupported-modules.conf", "allow_unsupported_modules 0\n");
  tree.file(std::string("/lib/modules/") + kSuseKernel + "/updates/efa.ko",
            module_elf({"version=2.17.3g", "license=Dual BSD/GPL"}, false));
}

// F89
void say_cannot_reset(const Tree& tree) {
  log_lines(tree,
            "6,890,1600000,-;Elastic Fabric Adapter (EFA) v3.0.0g\n"
            "3,902,1800000,-;efa 0000:00:1f.0: Device isn't ready, can't reset device\n"
            "3,903,1800001,-;efa 0000:00:1f.0: EFA device init failed\n"
            "4,904,1800002,-;efa: probe of 0000:00:1f.0 failed with error -22\n");
}

constexpr const char* kHpc7a = "hpc7a.96xlarge-pcluster";
constexpr const char* kHpc6a = "hpc6a.48xlarge-pcluster";

}  // namespace

ModeCases modes_of_driver() {
  return {
      {"F06", "kernel.driver-not-loaded", machine("p4d.24xlarge", leave_unloaded, say_nothing)},
      {"F06", "kernel.driver-not-installed", machine("c5n.18xlarge", lack_driver, list_no_driver)},
      {"F06", "kernel.driver-blocked", machine("p5.48xlarge", leave_unloaded, keep_out)},
      {"F07", "pci.id-unknown", machine("p6-b200.48xlarge", bring_2_10)},
      {"F20", "kernel.peermem-build-failed",
       machine("p5.48xlarge", need_peermem_on_red_hat, fail_to_build_peermem)},
      {"F22", "kernel.driver-not-installed",
       machine(kHpc7a, lack_built_driver, build_for_the_old_kernel)},
      {"F22", "kernel.driver-stale",
       machine("c5n.18xlarge", install_3_1_0, build_3_1_0_for_the_old_kernel)},
      {"F23", "kernel.driver-stuck",
       machine("p5.48xlarge", die_at_the_first_device, get_stuck_beside_ofed)},
      {"F23", "log.driver-crash",
       machine("p5.48xlarge", die_at_the_first_device, crash_beside_ofed)},
      {"F24", "kernel.uverbs-not-installed", machine(kHpc7a, leave_unloaded, lack_uverbs)},
      {"F28", "rdma.not-registered", machine("p5en.48xlarge", come_late, set_up_an_interrupt)},
      {"F29", "driver.probe-failed",
       machine("p5.48xlarge", without_driver_of("0000:4f:00.0"), say_not_ready)},
      {"F31", "driver.probe-failed",
       machine(kHpc7a, without_driver_of("0000:00:1e.0"), run_out_of_vectors)},
      {"F31", "log.driver-errors", machine(kHpc6a, as_it_is, lose_an_interrupt)},
      {"F70", "kernel.kexec-with-old-driver", machine("p5.48xlarge", as_it_is, prepare_kexec)},
      {"F73", "kernel.driver-unsupported", machine(kHpc6a, run_suse, refuse_unsupported)},
      {"F89", "driver.probe-failed", machine("hpc7g.16xlarge", drive_none, say_cannot_reset)},
  };
}

}  // namespace efa
