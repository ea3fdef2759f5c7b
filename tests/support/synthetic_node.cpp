#include "tests/support/synthetic_node.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "probes/base/describe.h"
#include "probes/base/text.h"

namespace efa {

template <class Io>
void describe(Io& io, SyntheticFunction& function) {
  io("at", function.at);
  io("id", function.id);
  io("class", function.class_code);
  io("numa", function.numa);
  io("name", function.name);
  io("mac", function.mac);
  io("link", function.link);
  io("rate", function.rate);
}

template <class Io>
void describe(Io& io, SyntheticInstaller& installer) {
  io("version", installer.version);
  io("packages", installer.packages);
}

template <class Io>
void describe(Io& io, SyntheticService& service) {
  io("name", service.name);
  io("pid", service.pid);
  io("locked_memory", service.locked_memory);
}

template <class Io>
void describe(Io& io, SyntheticNvidia& nvidia) {
  io("version", nvidia.version);
  io("open", nvidia.open);
  io("p2p", nvidia.p2p);
}

template <class Io>
void describe(Io& io, SyntheticNode& node) {
  io("note", node.note);
  io("instance_type", node.instance_type);
  io("os", node.os);
  io("kernel", node.kernel);
  io("efa_version", node.efa_version);
  io("efa_module", node.efa_module);
  io("efa_ids", node.efa_ids);
  io("rename_rule", node.rename_rule);
  io("installer", node.installer);
  io("cpus", node.cpus);
  io("numa_nodes", node.numa_nodes);
  io("huge_pages", node.huge_pages);
  io("ptrace_scope", node.ptrace_scope);
  io("services", node.services);
  io("nvidia", node.nvidia);
  io("functions", node.functions);
}

std::string SyntheticFunction::address() const {
  return base_name(at);
}
std::string SyntheticFunction::vendor() const {
  return "0x" + id.substr(0, id.find(':'));
}
std::string SyntheticFunction::device() const {
  return "0x" + id.substr(id.find(':') + 1);
}
std::string SyntheticFunction::driver() const {
  if (id.starts_with("1d0f:efa")) return "efa";
  if (id == "1d0f:ec20") return "ena";
  if (id.starts_with("15b3:")) return "mlx5_core";
  return id.starts_with("10de:") ? "nvidia" : "";
}

Result<SyntheticNode> parse_synthetic_node(const std::string& json, const std::string& where) {
  const Result<Value> value = parse_json(json, where);
  return value ? from_value<SyntheticNode>(*value, where) : Result<SyntheticNode>(value.error());
}

Result<SyntheticNode> read_synthetic_node(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return parse_synthetic_node(text.str(), path);
}

namespace {

// "pci0000:44/0000:44:00.0" -> "pci0001:44/0001:44:00.0"
SyntheticFunction in_domain(SyntheticFunction function, size_t domain) {
  const std::string number = std::to_string(domain);
  const std::string text = std::string(4 - number.size(), '0') + number + ":";
  for (size_t at = 0; (at = function.at.find("0000:", at)) != std::string::npos; at += 5) {
    function.at.replace(at, 5, text);
  }
  // rdma-core's udev rule: rdmap79s0 of domain 1 is rdmaP1p79s0
  if (function.name) function.name = "rdmaP" + number + function.name->substr(4);
  function.mac.reset();
  return function;
}

}  // namespace

void set_efa_count(SyntheticNode& node, size_t count) {
  std::vector<SyntheticFunction> kept;
  std::vector<SyntheticFunction> efa;
  for (const SyntheticFunction& function : node.functions) {
    (function.is_efa() ? efa : kept).push_back(function);
  }
  for (size_t i = 0; i < count && !efa.empty(); ++i) {
    const SyntheticFunction& pattern = efa[i % efa.size()];
    const size_t domain = i / efa.size();
    kept.push_back(domain == 0 ? pattern : in_domain(pattern, domain));
  }
  node.functions = std::move(kept);
}

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
  const bool config =
      std::any_of(node.installer->packages.begin(), node.installer->packages.end(),
                  [](const std::string& package) { return package.starts_with("efa-config-"); });
  if (config) {
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
  write_kernel(node, tree, has_efa);
  write_memory(node, tree);
  for (const SyntheticService& service : node.services) write_service(service, tree);
  write_software(node, tree);
  write_sessions(tree);
  write_dmi(node, tree);
  write_functions(node, tree);
  write_accelerators(node, tree);
  tree.file("/topology.xml", topology_xml(node));
}

}  // namespace efa
