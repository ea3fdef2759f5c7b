// Two faults in the files of one machine.

#include <string>
#include <vector>

#include "tests/modes/mode_case.h"
#include "tests/modes/pair_case.h"

namespace efa {
namespace {

constexpr const char* kFirstOfP4d = "0000:10:1b.0";
constexpr const char* kFirstOfP5 = "0000:4f:00.0";
constexpr const char* kSecondOfP5 = "0000:50:00.0";

Shape held_by(const std::string& address, const char* driver) {
  return [=](SyntheticNode& node) {
    for (SyntheticFunction& function : node.functions) {
      if (function.address() == address) function.held_by = driver;
    }
  };
}

void lack_peer_memory_module(SyntheticNode& node) {
  held_by(kFirstOfP5, "")(node);
  node.nvidia = SyntheticNvidia{"535.129.03", true, ""};
}

void narrow_a_link(SyntheticNode& node) {
  held_by(kFirstOfP5, "vfio-pci")(node);
  for (SyntheticFunction& function : node.functions) {
    if (function.address() == kSecondOfP5) function.link = "16.0 GT/s PCIe x4";
  }
}

void let_slurmd_of_files_lock_little(SyntheticNode& node) {
  for (SyntheticService& service : node.services) {
    if (service.name == "slurmd") service.locked_memory = "65536";
  }
}

void take_first_node(const Tree& tree) {
  tree.remove("/dev/infiniband/uverbs0");
}

void give_up_and_update_kernel(const Tree& tree) {
  log_lines(tree,
            "3,902,1800000,-;efa 0000:4f:00.0: Device isn't ready, abort com init 0x0\n"
            "3,903,1800001,-;efa 0000:4f:00.0: EFA device init failed\n");
  const std::string next = "6.12.40-64.114.amzn2023.x86_64";
  tree.file("/boot/grub2/grub.cfg", "menuentry 'x' {\n\tlinux /boot/vmlinuz-" + next + " ro\n}\n");
  tree.file("/lib/modules/" + next + "/modules.dep", "kernel/fs/fuse/fuse.ko.xz:\n");
  tree.file("/lib/modules/" + next + "/modules.builtin", "kernel/fs/ext4/ext4.ko\n");
}

}  // namespace

std::vector<FaultsTogether> pairs_in_files() {
  return {
      {"slurmd may lock little, a node is missing",
       machine(kP4d, let_slurmd_of_files_lock_little, take_first_node),
       {{"limits.memlock-low", "slurmd"}, {"node.missing", kFirstOfP4d}}},
      {"the driver gave up one of 32, the next kernel has none",
       machine(kP5, held_by(kFirstOfP5, ""), give_up_and_update_kernel),
       {{"driver.probe-failed", kFirstOfP5}, {"kernel.next-kernel-without-driver", kNodeSubject}}},
      {"efa_nv_peermem is missing, one of 32 has no driver",
       machine(kP5, lack_peer_memory_module),
       {{"gpu.peermem-missing", kNodeSubject}, {"driver.not-bound", kFirstOfP5}}},
      {"one of 32 is given to a virtual machine, the link of another narrow",
       machine(kP5, narrow_a_link),
       {{"pci.driver-override", kFirstOfP5}, {"pci.narrow-link", kSecondOfP5}}},
  };
}

}  // namespace efa
