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
};

Shown shown_by_mounts(const Look& look) {
  constexpr std::string_view kSys = "/sys";
  const auto mounts = read_mounts(look.root, [&](const Mount& mount) {
    return mount.point == kSys || !container_of_mount(mount).empty();
  });
  Shown shown;
  for (const Mount& mount : mounts.value_or({})) {
    const std::string container = container_of_mount(mount);
    if (mount.point == kSys) shown.sys_read_only = mount.read_only;
    if (shown.container.empty() || container == "kubernetes") shown.container = container;
  }
  return shown;
}

std::string kind_of(const Look& look, const Shown& shown) {
  if (look.root.exists("/.dockerenv")) return "docker";
  if (look.root.exists("/run/.containerenv")) return "podman";
  // written by systemd-nspawn, lxc
  std::string manager = look.root.text("/run/systemd/container").value_or("");
  if (!manager.empty()) return manager;
  if (look.root.exists("/var/run/secrets/kubernetes.io")) return "kubernetes";
  return look.root.from_container() ? "" : shown.container;  // else efa-doctor's own
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
    if (line.starts_with("CapEff:")) {
      facts.may_lock_any = has_capability(line, kIpcLock);
    } else {
      facts.may_administer = is_privileged(line, number.value_or(kOfEveryKernel), shown);
    }
  }
}

}  // namespace

void read_container(const Look& look, LimitsFacts& facts) {
  const Shown shown = shown_by_mounts(look);
  const std::string container = kind_of(look, shown);
  if (container.empty()) return;
  facts.container = container;
  read_rights(look, shown, facts);
}

}  // namespace efa
