#include "probes/limits/container.h"

#include <algorithm>
#include <vector>

#include "probes/base/text.h"
#include "probes/limits/parse.h"

namespace efa {
namespace {

struct Mount {
  std::string root;  // within its file system
  std::string point;
  bool read_only = false;
};

std::optional<Mount> parse_mount(std::string_view line) {
  const std::vector<std::string> fields = words(line);
  if (fields.size() < 6) return std::nullopt;
  return Mount{fields[3], fields[4], fields[5] == "ro" || fields[5].starts_with("ro,")};
}

// Docker's, Podman's and containerd's names of containers.
bool has_container_id(std::string_view path) {
  constexpr size_t kIdLength = 64;
  const std::vector<std::string> parts = split(path, '/');
  return std::any_of(parts.begin(), parts.end(), [&](const std::string& part) {
    return part.size() == kIdLength && part.find_first_not_of("0123456789abcdef") == part.npos;
  });
}

bool is_of_sys(std::string_view line) {
  const auto mount = parse_mount(line);
  return mount && mount->point == "/sys";
}

struct Mounts {
  std::string container;  // kubernetes before the runtime that it uses
  std::optional<bool> sys_read_only;
};

Mounts read_mounts(const Look& look) {
  constexpr size_t kMounts = size_t{4} * 1024 * 1024;  // of a node with many containers
  const auto tells = [](const std::string& line) {
    return is_of_sys(line) || !container_of_mount(line).empty();
  };
  Mounts mounts;
  const auto lines = look.root.read_lines("/proc/self/mountinfo", tells, kMounts);
  for (const std::string& line : lines.value_or({})) {
    const std::string container = container_of_mount(line);
    if (is_of_sys(line)) mounts.sys_read_only = parse_mount(line)->read_only;
    if (mounts.container.empty() || container == "kubernetes") mounts.container = container;
  }
  return mounts;
}

std::string kind_of(const Look& look, const Mounts& mounts) {
  if (look.root.exists("/.dockerenv")) return "docker";
  if (look.root.exists("/run/.containerenv")) return "podman";
  // written by systemd-nspawn, lxc
  std::string manager = look.root.text("/run/systemd/container").value_or("");
  if (!manager.empty()) return manager;
  if (look.root.exists("/var/run/secrets/kubernetes.io")) return "kubernetes";
  return look.root.from_container() ? "" : mounts.container;  // else efa-doctor's own
}

// --privileged leaves /sys writable; --cap-add SYS_ADMIN, even ALL, does not. Where the mounts do
// not show it, only who has all capabilities is privileged.
std::optional<bool> is_privileged(std::string_view bounding, unsigned last, const Mounts& mounts) {
  constexpr unsigned kSysAdmin = 21;  // CAP_SYS_ADMIN
  if (!mounts.sys_read_only) return has_all_capabilities(bounding, last);
  const auto administers = has_capability(bounding, kSysAdmin);
  return administers ? std::optional(*administers && !*mounts.sys_read_only) : std::nullopt;
}

// Our own rights are no measure: a probe gives up most of what the agent has.
void read_rights(const Look& look, const Mounts& mounts, LimitsFacts& facts) {
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
    if (line.starts_with("CapEff:")) {
      facts.may_lock_any = has_capability(line, kIpcLock);
    } else {
      facts.may_administer = is_privileged(line, number.value_or(kOfEveryKernel), mounts);
    }
  }
}

}  // namespace

std::string container_of_mount(std::string_view line) {
  constexpr std::string_view kFiles[] = {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"};
  const auto mount = parse_mount(line);
  if (!mount) return "";
  if (mount->point == "/dev/termination-log") return "kubernetes";
  if (!is_one_of(mount->point, kFiles)) return "";
  if (mount->root.ends_with("/etc-hosts")) return "kubernetes";
  if (!has_container_id(mount->root)) return "";
  if (mount->root.find("containerd") != std::string::npos) return "containerd";
  return mount->root.find("/overlay-containers/") != std::string::npos ? "podman" : "docker";
}

std::optional<bool> has_all_capabilities(std::string_view line, unsigned last) {
  std::optional<bool> all = true;
  for (unsigned capability = 0; capability <= last && all == true; ++capability) {
    all = has_capability(line, capability);
  }
  return all;
}

void read_container(const Look& look, LimitsFacts& facts) {
  const Mounts mounts = read_mounts(look);
  const std::string container = kind_of(look, mounts);
  if (container.empty()) return;
  facts.container = container;
  read_rights(look, mounts, facts);
}

}  // namespace efa
