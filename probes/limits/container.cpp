#include "probes/limits/container.h"

#include "probes/base/text.h"
#include "probes/limits/parse.h"
#include "probes/limits/runtime_mounts.h"

namespace efa {
namespace {

// What the mounts show.
struct Shown {
  std::string container;  // kubernetes before the runtime that it uses
  std::optional<bool> sys_read_only;
  bool root_of_machine = false;
  bool dev_of_kernel = false;
};

constexpr const char* kApptainer = "apptainer";
constexpr const char* kCharliecloud = "charliecloud";
// They hand out no devices, whoever starts them: /dev is the host's or a minimal one.
constexpr std::string_view kWithoutDevices[] = {kApptainer, "singularity", "enroot", kCharliecloud};

Shown shown_by_mounts(const Look& look) {
  constexpr std::string_view kRoot = "/", kSys = "/sys", kDev = "/dev";
  constexpr std::string_view kPoints[] = {kRoot, kSys, kDev};
  const auto mounts = read_mounts(look.root, [&](const Mount& mount) {
    return is_one_of(mount.point, kPoints) || !container_of_mount(mount).empty();
  });
  Shown shown;
  for (const Mount& mount : mounts.value_or({})) {
    const std::string container = container_of_mount(mount);
    // of those at one point the last one covers the others
    if (mount.point == kSys) shown.sys_read_only = mount.read_only;
    if (mount.point == kRoot) shown.root_of_machine = is_root_of_machine(mount);
    if (mount.point == kDev) shown.dev_of_kernel = is_dev_of_kernel(mount);
    if (shown.container.empty() || container == "kubernetes") shown.container = container;
  }
  return shown;
}

// A runtime's own word; "other" where it is none that can be printed.
std::string name_of(std::string_view word) {
  constexpr size_t kLongest = 32;
  const bool fine = word.size() <= kLongest && is_made_of(word, "-_");
  return word.empty() || fine ? std::string(word) : "other";
}

// Of process 1 "container=lxc": https://systemd.io/CONTAINER_INTERFACE. On a host nobody sets it.
std::string told_to_process_1(const Look& look) {
  constexpr std::string_view kName = "container=";
  const auto settings = look.root.read_lines(
      "/proc/1/environ", [&](const std::string& line) { return line.starts_with(kName); },
      Sysroot::kSmallFile, '\0');
  if (!settings || settings->empty()) return "";
  return name_of(std::string_view(settings->front()).substr(kName.size()));
}

// Whether process 1 is the host's, also in containers that have no namespace of processes; nothing
// where that cannot be seen.
std::optional<bool> has_hosts_processes(const Look& look) {
  constexpr const char* kOfHost = "pid:[4026531836]";  // PROC_PID_INIT_INO of proc_ns.h
  const Result<std::string> link = look.root.link("/proc/self/ns/pid");
  return link ? std::optional(*link == kOfHost) : std::nullopt;
}

// As systemd-detect-virt has it: only the first of all control groups has no type. A service may
// have a namespace of control groups, too; one of processes beside it makes a container.
bool is_in_namespaces(const Look& look) {
  return has_hosts_processes(look) == false && look.root.exists("/sys/fs/cgroup/cgroup.type");
}

// Of an image: a machine that was made of one has the file too.
bool has_mark(const Look& look, const Shown& shown, const char* path) {
  return !shown.root_of_machine && look.root.exists(path);
}

// "         0          0 4294967295" where users are the host's: user_namespaces(7).
bool has_own_users(const Look& look) {
  const auto text = look.root.text("/proc/self/uid_map");
  return text && words(*text) != std::vector<std::string>{"0", "0", "4294967295"};
}

// ch-run(1) makes a namespace of users and sets CH_RUNNING, which a job that was started from
// within may have inherited; ch-image(1) leaves the file in what it builds.
bool is_of_charliecloud(const Look& look, const Shown& shown) {
  constexpr std::string_view kName = "CH_RUNNING=";
  if (shown.root_of_machine || !has_own_users(look)) return false;
  const auto keep = [&](std::string& line) {
    const bool is_it = line.starts_with(kName);
    if (is_it) line = kName;
    return is_it;
  };
  const auto set = look.root.read_lines("/proc/self/environ", keep, Sysroot::kSmallFile, '\0');
  return (set && !set->empty()) || look.root.exists("/ch/environment");
}

std::string kind_of(const Look& look, const Shown& shown) {
  if (has_mark(look, shown, "/.dockerenv")) return "docker";
  if (look.root.exists("/run/.containerenv")) return "podman";
  // written by systemd-nspawn, and by systemd in the container
  for (const char* path : {"/run/host/container-manager", "/run/systemd/container"}) {
    std::string manager = name_of(look.root.text(path).value_or(""));
    if (!manager.empty()) return manager;
  }
  if (look.root.exists("/var/run/secrets/kubernetes.io")) return "kubernetes";
  if (look.root.from_container()) return "";  // all else shows efa-doctor's own
  if (!shown.container.empty()) return shown.container;
  std::string told = told_to_process_1(look);
  if (!told.empty()) return told;
  if (has_mark(look, shown, "/.singularity.d")) return kApptainer;
  if (is_of_charliecloud(look, shown)) return kCharliecloud;
  return is_in_namespaces(look) ? "other" : "";
}

// --privileged leaves /sys writable; --cap-add SYS_ADMIN, even ALL, does not. Where the mounts do
// not show it, only who has all capabilities is privileged.
std::optional<bool> is_privileged(std::string_view bounding, unsigned last, const Shown& shown) {
  constexpr unsigned kSysAdmin = 21;  // CAP_SYS_ADMIN
  if (!shown.sys_read_only) return has_all_capabilities(bounding, last);
  const auto administers = has_capability(bounding, kSysAdmin);
  return administers ? std::optional(*administers && !*shown.sys_read_only) : std::nullopt;
}

// Our own rights are no measure: a probe gives up most of what the agent has.
void read_rights(const Look& look, const Shown& shown, LimitsFacts& facts) {
  constexpr unsigned kIpcLock = 14;        // CAP_IPC_LOCK
  constexpr unsigned kOfEveryKernel = 37;  // CAP_AUDIT_READ, of Linux 3.16
  const auto last = look.root.text("/proc/sys/kernel/cap_last_cap");
  const auto number = last ? parse_number<unsigned>(*last) : std::nullopt;
  const auto lines = look.root.read_lines(
      "/proc/1/status",
      [](const std::string& line) {
        return line.starts_with("CapBnd:") || line.starts_with("CapEff:");
      },
      Sysroot::kSmallFile);
  for (const std::string& line : lines.value_or({})) {
    if (line.starts_with("CapBnd:")) {
      facts.may_administer = is_privileged(line, number.value_or(kOfEveryKernel), shown);
    } else if (has_hosts_processes(look) != true) {
      facts.may_lock_any = has_capability(line, kIpcLock);
    }
  }
  // what root is in a namespace of users it is of nothing that the machine has: capabilities(7)
  if (has_own_users(look)) facts.may_administer = facts.may_lock_any = false;
  if (is_one_of(facts.container.value_or(""), kWithoutDevices)) facts.may_administer = false;
}

}  // namespace

void read_container(const Look& look, LimitsFacts& facts) {
  const Shown shown = shown_by_mounts(look);
  const std::string container = kind_of(look, shown);
  if (container.empty()) return;
  facts.container = container;
  if (shown.dev_of_kernel && !look.root.from_container()) facts.has_hosts_dev = true;
  read_rights(look, shown, facts);
}

}  // namespace efa
