#include "probes/limits/runtime_mounts.h"

#include <algorithm>

#include "probes/base/text.h"

namespace efa {
namespace {

// Docker's, Podman's and containerd's names of containers.
bool has_container_id(std::string_view path) {
  constexpr size_t kIdLength = 64;
  const std::vector<std::string> parts = split(path, '/');
  return std::any_of(parts.begin(), parts.end(), [&](const std::string& part) {
    return part.size() == kIdLength && part.find_first_not_of("0123456789abcdef") == part.npos;
  });
}

}  // namespace

std::string container_of_mount(const Mount& mount) {
  constexpr std::string_view kFiles[] = {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"};
  if (mount.point == "/dev/termination-log") return "kubernetes";
  if (!is_one_of(mount.point, kFiles)) return "";
  if (mount.root.ends_with("/etc-hosts")) return "kubernetes";
  if (!has_container_id(mount.root)) return "";
  if (mount.root.find("containerd") != std::string::npos) return "containerd";
  return mount.root.find("/overlay-containers/") != std::string::npos ? "podman" : "docker";
}

}  // namespace efa
