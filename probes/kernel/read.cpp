// probe-kernel: looks at /proc/sys/kernel, /sys/module and the running kernel's /lib/modules.
// Interface: Documentation/ABI/stable/sysfs-module, modules.dep(5), os-release(5).

#include "probes/kernel/read.h"

#include <algorithm>

#include "probes/base/text.h"
#include "probes/kernel/facts.h"
#include "probes/kernel/parse.h"
#include "probes/kernel/read_dkms.h"
#include "probes/kernel/read_modprobe.h"
#include "probes/kernel/read_module.h"
#include "probes/kernel/read_next_kernel.h"
#include "probes/kernel/read_vfio.h"
#include "probes/protocol/telling.h"

namespace efa {
namespace {

constexpr size_t kModuleIndex = size_t{16} * 1024 * 1024;  // modules.alias has 1 to 3 MiB
constexpr size_t kMaxListed = 256;                         // device ids of one driver

Reading<bool> flag(const Look& look, const std::string& path) {
  const Result<std::string> text = look.root.read(path);
  if (!text) return reading_of<bool>(text.error());
  const auto flag = parse_flag(*text);
  return flag ? Reading<bool>(*flag) : Unseen{path, "is neither yes nor no"};
}

void read_identity(const Look& look, KernelFacts& facts) {
  const Result<std::string> release = look.root.read("/proc/sys/kernel/osrelease");
  if (release && !release->empty() && is_digit(release->front())) {
    facts.release = *release;
  } else {
    facts.unseen.push_back({"/proc/sys/kernel/osrelease",
                            release ? "is no kernel's release" : release.error().what,
                            release ? 0 : release.error().os_error});
  }
  facts.hostname = look.root.text("/proc/sys/kernel/hostname");
  facts.boot_id = look.root.text("/proc/sys/kernel/random/boot_id");
  const auto uptime = look.root.text("/proc/uptime");
  if (uptime) facts.uptime_s = parse_uptime_s(*uptime);
  facts.taint = look.root.text("/proc/sys/kernel/tainted");
  facts.signatures_enforced = flag(look, "/sys/module/module/parameters/sig_enforce");
  facts.kexec_loaded = flag(look, "/sys/kernel/kexec_loaded");
  facts.modules_disabled = flag(look, "/proc/sys/kernel/modules_disabled");
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
    facts.unseen.push_back(unseen_of("/sys/module", modules.error()));
    return;
  }
  const auto loaded = [&](const char* name) {
    return std::binary_search(modules->begin(), modules->end(), name);
  };
  facts.efa_loaded = loaded("efa");
  facts.ib_uverbs_loaded = loaded("ib_uverbs");
  facts.ib_core_loaded = loaded("ib_core");
  facts.efa_version = reading_of(look.root.read("/sys/module/efa/version"));
  facts.efa_srcversion = look.root.text("/sys/module/efa/srcversion");
  facts.efa_state = look.root.text("/sys/module/efa/initstate");
  const auto count = look.root.text("/sys/module/efa/refcnt");
  if (count) facts.efa_refcount = parse_number<int>(*count);
  if (facts.efa_loaded == true) {
    facts.efa_holders = look.root.list("/sys/module/efa/holders", kMaxListed).value_or({});
  }
  facts.efa_driver_registered = look.root.exists("/sys/bus/pci/drivers/efa");
  facts.rdma_netns_shared = flag(look, "/sys/module/ib_core/parameters/netns_mode");
}

// A recording may hold other lines.
void take_module(const std::string& line, const std::string& directory, KernelFacts& facts) {
  if (!facts.module_file) facts.module_file = parse_efa_module(line);
  const auto ofed = parse_ofed_module(line);
  if (ofed && !facts.ofed) facts.ofed = directory + *ofed;
}

void read_module_index(const Look& look, KernelFacts& facts) {
  if (!facts.release) return;
  const std::string directory = "/lib/modules/" + *facts.release + "/";
  const auto names_efa = [](const std::string& line) { return parse_efa_module(line).has_value(); };
  const auto is_wanted = [&](const std::string& line) {
    return names_efa(line) || parse_ofed_module(line);
  };
  look.out.doing("search modules.dep");
  const auto dep = look.root.read_lines(directory + "modules.dep", is_wanted, kModuleIndex);
  facts.module_index_readable = dep.ok();
  for (const std::string& line : dep.value_or({})) take_module(line, directory, facts);
  const auto builtin = look.root.read_lines(directory + "modules.builtin", names_efa, kModuleIndex);
  if (builtin) facts.efa_builtin = !builtin->empty();
  look.out.doing("search modules.alias");
  facts.known_device_ids =
      read_known_ids(look, *facts.release).value_or(std::vector<std::string>());
}

void read_ofed(const Look& look, KernelFacts& facts) {
  constexpr const char* kPath = "/usr/src/ofa_kernel";
  const Result<FileStatus> status = look.root.status(kPath);
  if (status) {
    facts.ofed = kPath;
  } else if (!facts.ofed) {  // modules.dep names none
    facts.ofed = reading_of<std::string>(status.error());
  }
}

// As a node sees it before its device has a driver.
KernelFacts nothing_loaded(const std::string& release) {
  KernelFacts facts;
  facts.release = release;
  facts.efa_loaded = facts.ib_uverbs_loaded = facts.ib_core_loaded = false;
  return facts;
}

void read_installed(const Look& look, const std::string& release) {
  Telling<KernelFacts> telling(look.out);
  KernelFacts facts = nothing_loaded(release);
  read_module_index(look, facts);
  read_module_on_disk(look, facts);
  read_modprobe_of_image(look, release, facts);
  read_sysctl(look, facts);
  read_dkms(look, facts);
  read_ofed(look, facts);
  telling.all(facts);
}

}  // namespace

void read_kernel(const Look& look) {
  const auto installed = look.options.find(kInstalledKernel);
  if (installed != look.options.end()) return read_installed(look, installed->second);
  KernelFacts facts;
  Telling<KernelFacts> telling(look.out);
  look.out.doing("read kernel identity");
  read_identity(look, facts);
  telling.so_far(facts);
  look.out.doing("list modules", "/sys/module");
  read_loaded(look, facts);
  telling.so_far(facts);
  read_module_index(look, facts);
  read_module_on_disk(look, facts);
  telling.so_far(facts);
  look.out.doing("read modprobe.d");
  read_modprobe(look, facts);
  read_vfio(look, facts);
  telling.so_far(facts);
  look.out.doing("list modules of DKMS", "/var/lib/dkms");
  read_dkms(look, facts);
  read_ofed(look, facts);
  look.out.doing("look which kernel is next", "/boot");
  read_next_kernel(look, facts);
  telling.all(facts);
}

}  // namespace efa
