// probe-kernel: looks at /proc/sys/kernel, /sys/module and the running kernel's /lib/modules.
// Interface: Documentation/ABI/stable/sysfs-module, modules.dep(5), modprobe.d(5) and
// libkmod-config.c of kmod, os-release(5).

#include "probes/kernel/read.h"
#include "probes/base/unseen.h"

#include <algorithm>
#include <cerrno>
#include <set>

#include "probes/base/text.h"
#include "probes/kernel/facts.h"
#include "probes/kernel/parse.h"
#include "probes/protocol/telling.h"

namespace efa {
namespace {

constexpr size_t kModuleIndex = size_t{16} * 1024 * 1024;  // modules.alias has 1 to 3 MiB
constexpr size_t kMaxListed = 256;  // device ids of one driver, modules of DKMS

std::optional<bool> optional_flag(const Look& look, const std::string& path) {
  const auto text = look.root.text(path);
  return text ? parse_flag(*text) : std::nullopt;
}

void read_identity(const Look& look, KernelFacts& facts) {
  const Result<std::string> release = look.root.read("/proc/sys/kernel/osrelease");
  if (release && !release->empty()) {
    facts.release = *release;
  } else {
    facts.unseen.push_back({"/proc/sys/kernel/osrelease",
                            release ? "is empty" : release.error().what,
                            release ? 0 : release.error().os_error});
  }
  facts.hostname = look.root.text("/proc/sys/kernel/hostname");
  facts.boot_id = look.root.text("/proc/sys/kernel/random/boot_id");
  const auto uptime = look.root.text("/proc/uptime");
  if (uptime) facts.uptime_s = parse_uptime_s(*uptime);
  facts.taint = look.root.text("/proc/sys/kernel/tainted");
  facts.kexec_loaded = optional_flag(look, "/sys/kernel/kexec_loaded");
  facts.modules_disabled = optional_flag(look, "/proc/sys/kernel/modules_disabled");
  for (const char* path : {"/etc/os-release", "/usr/lib/os-release"}) {
    const auto lines = look.root.read_lines(
        path, [](const std::string& line) { return line.starts_with("PRETTY_NAME="); },
        Sysroot::kSmallFile);
    if (lines && !lines->empty() && !facts.os) facts.os = parse_pretty_name(lines->front());
  }
  const auto lockdown = look.root.text("/sys/kernel/security/lockdown");
  if (lockdown) facts.lockdown = parse_lockdown(*lockdown);
}

void read_loaded(const Look& look, KernelFacts& facts) {
  const Result<std::vector<std::string>> modules = look.root.list("/sys/module");
  if (!modules) {
    facts.unseen.push_back({"/sys/module", modules.error().what, modules.error().os_error});
    return;
  }
  const auto loaded = [&](const char* name) {
    return std::binary_search(modules->begin(), modules->end(), name);
  };
  facts.efa_loaded = loaded("efa");
  facts.ib_uverbs_loaded = loaded("ib_uverbs");
  facts.ib_core_loaded = loaded("ib_core");
  facts.nvidia_peermem_loaded = loaded("nvidia_peermem");
  facts.efa_nv_peermem_loaded = loaded("efa_nv_peermem");
  facts.neuron_loaded = loaded("neuron");
  facts.gdrdrv_loaded = loaded("gdrdrv");
  facts.efa_version = look.root.text("/sys/module/efa/version");
  facts.efa_state = look.root.text("/sys/module/efa/initstate");
  const auto count = look.root.text("/sys/module/efa/refcnt");
  if (count) facts.efa_refcount = parse_number<int>(*count);
  facts.efa_driver_registered = look.root.exists("/sys/bus/pci/drivers/efa");
  facts.efa_nv_peermem_version = look.root.text("/sys/module/efa_nv_peermem/version");
  facts.nvidia_version = look.root.text("/sys/module/nvidia/version");
  const auto nvidia = look.root.text("/proc/driver/nvidia/version");
  if (nvidia) facts.nvidia_open = is_open_nvidia(*nvidia);
  const Result<std::string> mode = look.root.read("/sys/module/ib_core/parameters/netns_mode");
  if (!mode) {
    facts.rdma_netns_shared = reading_of<bool>(mode.error());
  } else if (const auto shared = parse_flag(*mode)) {
    facts.rdma_netns_shared = *shared;
  }
}

void read_module_index(const Look& look, KernelFacts& facts) {
  if (!facts.release) return;
  const std::string directory = "/lib/modules/" + *facts.release + "/";
  const auto names_efa = [](const std::string& line) { return parse_efa_module(line).has_value(); };
  look.out.doing("search modules.dep");
  const auto dep = look.root.read_lines(directory + "modules.dep", names_efa, kModuleIndex);
  facts.module_index_readable = dep.ok();
  if (dep && !dep->empty()) facts.module_file = parse_efa_module(dep->front());
  const auto builtin = look.root.read_lines(directory + "modules.builtin", names_efa, kModuleIndex);
  if (builtin) facts.efa_builtin = !builtin->empty();
  look.out.doing("search modules.alias");
  const auto aliases = look.root.read_lines(
      directory + "modules.alias",
      [](const std::string& line) { return parse_efa_alias(line).has_value(); }, kModuleIndex);
  if (!aliases) return;
  for (const std::string& line : *aliases) {
    const auto id = parse_efa_alias(line);  // a recording may hold other lines
    if (!id) continue;
    if (facts.known_device_ids.size() == kMaxListed) break;
    facts.known_device_ids.push_back(*id);
  }
}

// The lines of a file of modprobe.d that keep efa out; kNotFound when kmod does not count the file.
Result<std::vector<std::string>> blocking_lines(const Look& look, const std::string& path) {
  const auto keep = [](std::string& line) {
    const bool wanted = keeps_efa_out(line);
    if (wanted) line = words_that_keep_efa_out(line);
    return wanted;
  };
  auto lines = look.root.read_lines(path, keep, Sysroot::kSmallFile);
  if (lines) {  // a recording may hold others
    std::erase_if(*lines, [](const std::string& line) { return !keeps_efa_out(line); });
  }
  if (!lines && look.root.link(path).value_or("").ends_with("/dev/null")) {
    return std::vector<std::string>();  // empty, on purpose
  }
  if (!lines && lines.error().os_error == EISDIR) return system_error(ENOENT, path);
  return lines;
}

// What was seen first counts; what could not be read may hold a line, and counts after that.
void take_blocking(const Result<std::string>& seen, KernelFacts& facts) {
  if (!seen && seen.error().kind == ErrorKind::kNotFound) return;
  const Reading<std::string> reading = reading_of(seen);
  if (const Unseen* unseen = reading.unreadable()) facts.unseen.push_back(*unseen);
  const bool first = !facts.blacklisted_by && facts.blacklisted_by.unreadable() == nullptr;
  if (first || (reading && !facts.blacklisted_by)) facts.blacklisted_by = reading;
}

// As kmod does: of files of one name the first directory's counts, and hides the later ones.
void read_modprobe(const Look& look, KernelFacts& facts) {
  std::set<std::string> names;
  for (const char* directory : {"/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d",
                                "/usr/lib/modprobe.d", "/lib/modprobe.d"}) {
    const Result<std::vector<std::string>> files = look.root.list(directory);
    if (!files) take_blocking(files.error(), facts);
    for (const std::string& file : files.value_or({})) {
      if (!file.ends_with(".conf") || names.contains(file)) continue;
      const std::string path = std::string(directory) + "/" + file;
      const Result<std::vector<std::string>> lines = blocking_lines(look, path);
      if (lines || lines.error().kind != ErrorKind::kNotFound) names.insert(file);
      if (!lines) take_blocking(lines.error(), facts);
      if (lines && !lines->empty()) take_blocking(path + ": " + lines->front(), facts);
    }
  }
}

// Of the kernel's own command line nothing is kept but the words that keep efa out.
void read_command_line(const Look& look, KernelFacts& facts) {
  constexpr const char* kPath = "/proc/cmdline";
  const auto keep = [](std::string& line) {
    line = argument_that_keeps_efa_out(line).value_or("");
    return !line.empty();
  };
  const auto lines = look.root.read_lines(kPath, keep, Sysroot::kSmallFile);
  if (!lines) take_blocking(lines.error(), facts);
  const std::string line = lines && !lines->empty() ? lines->front() : "";
  const auto argument = argument_that_keeps_efa_out(line);
  if (argument) take_blocking(std::string(kPath) + ": " + *argument, facts);
}

// /var/lib/dkms/efa/<version>/<kernel release>/<architecture>/module/
void read_dkms(const Look& look, KernelFacts& facts) {
  for (const char* module : {"efa", "efa-nv-peermem"}) {
    const std::string tree = std::string("/var/lib/dkms/") + module;
    const auto versions = look.root.list(tree);
    if (!versions) continue;
    for (const std::string& version : *versions) {
      const auto kernels = look.root.list(tree + "/" + version);
      if (version.starts_with("kernel-") || !kernels) continue;
      for (const std::string& kernel : *kernels) {
        if (kernel == "build" || kernel == "source") continue;
        if (facts.dkms.size() == kMaxListed) return;
        facts.dkms.push_back(std::string(module) + "/" + version + " for " + kernel);
      }
    }
  }
}

void read_ofed(const Look& look, KernelFacts& facts) {
  constexpr const char* kPath = "/usr/src/ofa_kernel";
  const Result<FileStatus> status = look.root.status(kPath);
  facts.ofed = status ? Reading<std::string>(kPath) : reading_of<std::string>(status.error());
}

}  // namespace

void read_kernel(const Look& look) {
  KernelFacts facts;
  Telling<KernelFacts> telling(look.out);
  look.out.doing("read kernel identity");
  read_identity(look, facts);
  telling.so_far(facts);
  look.out.doing("list modules", "/sys/module");
  read_loaded(look, facts);
  telling.so_far(facts);
  read_module_index(look, facts);
  telling.so_far(facts);
  look.out.doing("read modprobe.d");
  read_command_line(look, facts);
  read_modprobe(look, facts);
  telling.so_far(facts);
  look.out.doing("list modules of DKMS", "/var/lib/dkms");
  read_dkms(look, facts);
  read_ofed(look, facts);
  telling.all(facts);
}

}  // namespace efa
