// Texts about control groups: whose a process is, and which devices it may use.
// Interface: cgroups(7), Documentation/admin-guide/cgroup-v1/devices.rst.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace efa {

// "0::/system.slice/slurmd.service" -> "/system.slice/slurmd.service", of cgroup v2 or v1
std::optional<std::string> parse_systemd_cgroup(std::string_view text);
// Whether a control group is a container's: those have an sshd or a containerd too.
bool is_container_cgroup(std::string_view group);
// "/runtime.slice/containerd.service" -> "containerd.service"; none of a user's
std::optional<std::string> parse_system_unit(std::string_view group);
// Lines of /proc/<pid>/cgroup: "0::/user.slice" of cgroup v2, "5:devices:/docker/..." of v1
struct ControlGroups {
  std::optional<std::string> unified;
  std::optional<std::string> devices;
};
ControlGroups parse_control_groups(std::string_view text);
// Whether a devices.list of cgroup v1, "c 231:192 rwm" or "a *:* rwm" a line, allows that one.
bool allows_character_device(std::string_view devices_list, std::string_view number);

}  // namespace efa
