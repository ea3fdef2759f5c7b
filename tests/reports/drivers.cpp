// The efa driver that is missing, too old, refused, or crashes.

#include "tests/reports/public_report.h"

namespace efa {
namespace {

void add_devices_of_tomorrow(SyntheticNode& node) {
  set_efa_count(node, 64);
  for (SyntheticFunction& function : node.functions) {
    if (function.is_efa()) function.id = "1d0f:efa4";
  }
  unbind(node);
  node.efa_loaded = true;
}

void run_ubuntu(SyntheticNode& node) {
  node.kernel = "6.17.0-1019-aws-64k";
}

void upgrade_unattended(const Tree& tree) {
  const std::string modules = "/lib/modules/7.0.0-1012-aws-64k/";
  tree.file(modules + "modules.dep", "kernel/fs/fuse/fuse.ko.zst:\n");
  tree.file(modules + "modules.builtin", "kernel/fs/ext4/ext4.ko\n");
  tree.file("/boot/grub/grub.cfg",
            "set default=\"0\"\nmenuentry 'Ubuntu' {\n"
            "\tlinux\t/boot/vmlinuz-7.0.0-1012-aws-64k root=PARTUUID=1 ro\n}\n");
  tree.directory("/var/lib/dkms/efa/3.1.0/6.17.0-1019-aws-64k/aarch64/module");
}

void leave_undriven(SyntheticNode& node) {
  run_ubuntu(node);
  unbind(node);
  node.efa_loaded = false;
}

void build_for_the_other_kernel(const Tree& tree) {
  tree.file("/lib/modules/6.17.0-1019-aws-64k/modules.dep", "kernel/fs/fuse/fuse.ko.zst:\n");
  tree.directory("/var/lib/dkms/efa/3.1.0/6.17.0-1019-aws/aarch64/module");
  tree.file("/var/lib/dkms/efa/3.1.0/build/make.log",
            "DKMS make.log for efa-3.1.0 for kernel 6.17.0-1019-aws-64k (aarch64)\nKilled\n");
}

void load_an_older_one(SyntheticNode& node) {
  unbind(node);
  node.efa_loaded = true;
  node.efa_version = "2.10.0g";
}

void drive_by_3_3_0(SyntheticNode& node) {
  node.efa_version = "3.3.0g";
}

void crash_in_efa(const Tree& tree) {
  log_lines(tree,
            "1,902,1800000,-;BUG: unable to handle page fault for address: ffffa1b2c3d4e5f6\n"
            "4,903,1800001,-;Oops: 0000 [#1] PREEMPT SMP NOPTI\n"
            "4,904,1800002,-;CPU: 3 PID: 4711 Comm: python3 Tainted: G OE 5.10.0-28 #1\n"
            "4,905,1800003,-;RIP: 0010:efa_destroy_cq+0x2f/0xd0 [efa]\n"
            "4,906,1800004,-;Call Trace:\n"
            "4,907,1800005,-; ib_destroy_cq_user+0x46/0xb0 [ib_core]\n"
            "4,908,1800006,-;---[ end trace 0000000000000000 ]---\n");
}

void refuse_the_module(const Tree& tree) {
  tree.file("/lib/modules/6.1.177-224.371.amzn2023.x86_64/modules.dep", "extra/efa.ko.xz:\n");
  log_lines(tree, "4,902,1800000,-;efa: Unknown symbol ib_copy_to_udata (err -2)\n");
}

void leave_unloaded(SyntheticNode& node) {
  unbind(node);
  node.efa_loaded = false;
}

}  // namespace

PublicReports reports_of_drivers() {
  return {
      {.number = 12,
       .source = "amzn/amzn-drivers, efa_linux_3.3.0",
       .line = "64 devices 0xefa4, efa 3.1.0",
       .look = machine("p6-b200.48xlarge", add_devices_of_tomorrow),
       .verdict = "unhealthy",
       .told = {{"pci.id-unknown", "critical", kImage}},
       .says = {"0xefa4 3.3"}},
      {.number = 13,
       .source = "NVIDIA/aicr#2870",
       .line = "GB200: the kernel that boots next has no efa",
       .look = machine("p6e-gb200.36xlarge", run_ubuntu, upgrade_unattended),
       .verdict = "degraded",
       .told = {{"kernel.next-kernel-without-driver", "warning", kImage}},
       .says = {"dkms install efa/3.1.0 -k 7.0.0-1012-aws-64k"}},
      {.number = 14,
       .source = "NVIDIA/nodewright-packages#94",
       .line = "GB200: DKMS ran out of memory for the 64k kernel",
       .look = machine("p6e-gb200.36xlarge", leave_undriven, build_for_the_other_kernel),
       .verdict = "unhealthy",
       .told = {{"kernel.driver-not-installed", "critical", kImage}},
       .says = {"make.log", "memory"}},
      {.number = 16,
       .source = "bottlerocket-os/bottlerocket-kernel-kit#313",
       .line = "p6-b200: efa 2.10.0 loaded, 3.1.0 on disk",
       .look = machine("p6-b200.48xlarge", load_an_older_one),
       .verdict = "unhealthy",
       .told = {{"kernel.driver-stale", "critical", kOperator}},
       .says = {"modprobe -r efa && sudo modprobe efa"},
       .never = {"/bind"}},
      {.number = 28,
       .source = "amzn/amzn-drivers, efa_linux_3.3.1",
       .line = "p4d: a page fault in efa_destroy_cq of efa 3.3.0",
       .look = machine("p4d.24xlarge", drive_by_3_3_0, crash_in_efa),
       .verdict = "unhealthy",
       .told = {{"log.driver-crash", "critical", kOperator}},
       .says = {"3.3.1"}},
      {.number = 33,
       .source = "none, made for this",
       .line = "p4d: the kernel has no ib_uverbs and refuses efa",
       .look = machine("p4d.24xlarge", leave_unloaded, refuse_the_module),
       .verdict = "unhealthy",
       .told = {{"kernel.uverbs-not-installed", "critical", kImage}},
       .says = {"Unknown symbol ib_copy_to_udata"},
       .never = {"modprobe efa"}},
  };
}

}  // namespace efa
