#include "tests/support/synthetic_node.h"

#include <algorithm>

#include "probes/base/text.h"
#include "tests/support/module_elf.h"

namespace efa {
namespace {

void write_module_index(const SyntheticNode& node, const Tree& tree) {
  std::string files = "kernel/fs/fuse/fuse.ko.xz:\n";
  std::string aliases = "# Aliases extracted from modules themselves.\n";
  for (int i = 0; i < node.module_index_lines; ++i) {
    const std::string number = std::to_string(100'000 + i);
    aliases += "alias pci:v00008086d00" + number + "sv*sd*bc*sc*i* other_" + number + "\n";
    // a module has some five aliases
    if (i % 5 == 0) files += "kernel/drivers/other/other_" + number + ".ko.xz: kernel/a.ko.xz\n";
  }
  for (const std::string& id : node.efa_ids) {
    std::string digits = id.substr(2);
    std::transform(digits.begin(), digits.end(), digits.begin(), ::toupper);
    aliases += "alias pci:v00001D0Fd0000" + digits + "sv*sd*bc*sc*i* efa\n";
  }
  files += node.efa_module + ": kernel/drivers/infiniband/core/ib_uverbs.ko.xz\n";
  const std::string modules = "/lib/modules/" + node.kernel + "/";
  tree.file(modules + "modules.dep", files);
  tree.file(modules + "modules.builtin", "kernel/fs/ext4/ext4.ko\n");
  tree.file(modules + "modules.alias", aliases);
  if (node.efa_vermagic.empty()) return;
  tree.file(modules + node.efa_module, module_elf({"vermagic=" + node.efa_vermagic}, false));
}

void write_kernel(const SyntheticNode& node, const Tree& tree, bool loaded) {
  tree.file("/proc/sys/kernel/osrelease", node.kernel + "\n");
  tree.file("/proc/sys/kernel/hostname", "synthetic-" + node.instance_type + "\n");
  tree.file("/proc/sys/kernel/random/boot_id", "00000000-0000-4000-8000-000000000001\n");
  tree.file("/proc/sys/kernel/tainted", "0\n");
  tree.file("/etc/os-release", "NAME=\"synthetic\"\nPRETTY_NAME=\"" + node.os + "\"\n");
  write_module_index(node, tree);
  tree.directory("/sys/module/fuse");
  if (!loaded) return;
  tree.file("/sys/module/efa/version", node.efa_version + "\n");
  tree.file("/sys/module/efa/initstate", "live\n");
  tree.file("/sys/module/efa/refcnt", "0\n");
  tree.directory("/sys/module/ib_uverbs");
  tree.file("/sys/module/ib_core/parameters/netns_mode", "Y\n");
}

void write_memory(const SyntheticNode& node, const Tree& tree) {
  tree.file("/sys/devices/system/cpu/online",
            node.cpus == 1 ? "0\n" : "0-" + std::to_string(node.cpus - 1) + "\n");
  const std::string pages = "/sys/kernel/mm/hugepages/hugepages-2048kB/";
  tree.file(pages + "nr_hugepages", std::to_string(node.huge_pages) + "\n");
  tree.file(pages + "free_hugepages", std::to_string(node.huge_pages) + "\n");
  tree.file("/proc/meminfo", "Hugepagesize:       2048 kB\n");
  if (node.ptrace_scope) {
    tree.file("/proc/sys/kernel/yama/ptrace_scope", std::to_string(*node.ptrace_scope) + "\n");
  }
}

void write_service(const SyntheticService& service, const Tree& tree) {
  const std::string process = "/proc/" + std::to_string(service.pid) + "/";
  tree.file(process + "comm", service.name + "\n");
  const std::string column = service.locked_memory + std::string(21, ' ').substr(std::min<size_t>(
                                                         20, service.locked_memory.size()));
  tree.file(process + "limits",
            "Limit                     Soft Limit           Hard Limit           Units     \n"
            "Max locked memory         " +
                column + column + "bytes     \n");
}

void write_software(const SyntheticNode& node, const Tree& tree) {
  if (node.rename_rule) {
    tree.file(
        "/usr/lib/udev/rules.d/60-rdma-persistent-naming.rules",
        "ACTION==\"add\", SUBSYSTEM==\"infiniband\", PROGRAM=\"rdma_rename %k NAME_FALLBACK\"\n");
  }
  if (!node.installer) return;
  tree.file("/opt/amazon/efa_installed_packages",
            "# EFA installer version: " + node.installer->version +
                "\n# Debug packages installed: no\n# Packages installed:\n" +
                join(node.installer->packages, " ") + "\n");
  tree.file("/etc/modules-load.d/efa.conf", "efa\n");
  const auto has = [&](const char* name) {
    return std::any_of(node.installer->packages.begin(), node.installer->packages.end(),
                       [&](const std::string& package) { return package.starts_with(name); });
  };
  if (has("libnccl-ofi-")) tree.file("/opt/amazon/ofi-nccl/lib64/libnccl-net-ofi.so", "");
  if (has("efa-config-")) {
    tree.file("/etc/security/limits.d/01_efa.conf",
              "*  soft  memlock  unlimited\n*  hard  memlock  unlimited\n");
  }
}

// Of Amazon Linux 2023, but for what does not concern limits.
void write_sessions(const Tree& tree) {
  tree.file("/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\n");
  tree.file("/etc/ssh/sshd_config.d/50-redhat.conf", "UsePAM yes\n");
  tree.file("/etc/pam.d/sshd", "session    include      password-auth\n");
  tree.file("/etc/pam.d/password-auth", "session     required      pam_limits.so\n");
  tree.file("/etc/security/limits.conf", "#*  soft  core  0\n");
}

// What containerd and kubelet mount in each pod, also in one without a service account's token.
constexpr const char* kPodMounts =
    "755 612 0:310 / / rw,relatime - overlay overlay rw,lowerdir=/x\n"
    "760 755 0:315 / /sys ro,nosuid,nodev,noexec,relatime - sysfs sysfs ro\n"
    "766 755 259:1 /var/lib/kubelet/pods/0b6f1d5a-7d0e-4f0f-9b39-5f2f0c1f3b11/etc-hosts /etc/hosts "
    "rw,noatime - xfs /dev/nvme0n1p1 rw\n"
    "767 756 259:1 /var/lib/kubelet/pods/0b6f1d5a-7d0e-4f0f-9b39-5f2f0c1f3b11/containers/a/1b2c "
    "/dev/termination-log rw,noatime - xfs /dev/nvme0n1p1 rw\n";

// What shows a container, and what it may do.
void write_container(const SyntheticNode& node, const Tree& tree) {
  if (node.container.empty()) return;
  if (node.container == "docker") tree.file("/.dockerenv", "");
  if (node.container == "kubernetes") tree.directory("/var/run/secrets/kubernetes.io");
  if (node.container == "pod") tree.file("/proc/self/mountinfo", kPodMounts);
  tree.file("/proc/1/status", "CapBnd:\t" + node.capabilities + "\n");
}

void write_dmi(const SyntheticNode& node, const Tree& tree) {
  tree.file("/sys/devices/virtual/dmi/id/sys_vendor", "Amazon EC2\n");
  tree.file("/sys/devices/virtual/dmi/id/product_name", node.instance_type + "\n");
  tree.file("/sys/devices/virtual/dmi/id/board_asset_tag", "i-00000000000000001\n");
  tree.link("/sys/class/dmi/id", "/sys/devices/virtual/dmi/id");
}

}  // namespace

void write_node(const SyntheticNode& node, const Tree& tree) {
  const bool has_efa = std::any_of(node.functions.begin(), node.functions.end(),
                                   [](const SyntheticFunction& f) { return f.is_efa(); });
  write_kernel(node, tree, node.efa_loaded.value_or(has_efa));
  write_memory(node, tree);
  for (const SyntheticService& service : node.services) write_service(service, tree);
  write_software(node, tree);
  write_sessions(tree);
  write_dmi(node, tree);
  write_container(node, tree);
  write_functions(node, tree);
  write_accelerators(node, tree);
  tree.file("/topology.xml", topology_xml(node));
}

}  // namespace efa
