#include "probes/limits/control_group.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "probes/base/text.h"

namespace efa {

std::optional<std::string> parse_systemd_cgroup(std::string_view text) {
  std::optional<std::string> found;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> fields = split(line, ':');
    if (fields.size() < 3) continue;
    // "1:name=systemd:/..." tells it where cgroup v1 is mounted too
    if (fields[1] == "name=systemd") return fields[2];
    if (fields[0] == "0") found = fields[2];
  }
  return found;
}

bool is_container_cgroup(std::string_view group) {
  constexpr const char* kParts[] = {"kubepods", "/docker", "libpod",        "/machine.slice",
                                    "/lxc",     "/ecs",    "cri-containerd"};
  return std::any_of(std::begin(kParts), std::end(kParts), [&](const char* part) {
    const size_t at = group.find(part);
    return at != std::string_view::npos && !group.substr(at).starts_with("/docker.service");
  });
}

std::optional<std::string> parse_system_unit(std::string_view group) {
  if (group.starts_with("/user.slice")) return std::nullopt;
  for (const std::string& part : split(group, '/')) {
    if (part.ends_with(".service")) return part;
  }
  return std::nullopt;
}

ControlGroups parse_control_groups(std::string_view text) {
  ControlGroups groups;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> fields = split(line, ':');
    if (fields.size() != 3) continue;
    if (fields[0] == "0") {
      groups.unified = fields[2];
    } else if (fields[1] == "devices") {
      groups.devices = fields[2];
    }
  }
  return groups;
}

bool allows_character_device(std::string_view devices_list, std::string_view number) {
  const std::string_view major = number.substr(0, number.find(':'));
  for (const std::string& line : split(devices_list, '\n')) {
    const std::vector<std::string> fields = words(line);
    if (fields.size() < 2 || (fields[0] != "c" && fields[0] != "a")) continue;
    const std::string& allowed = fields[1];
    const bool whole_major =
        allowed.ends_with(":*") && std::string_view(allowed).substr(0, allowed.size() - 2) == major;
    if (allowed == number || allowed == "*:*" || whole_major) return true;
  }
  return false;
}

}  // namespace efa
