#include "probes/limits/runtime_mounts.h"

#include <algorithm>
#include <iterator>

#include "probes/base/text.h"

namespace efa {
namespace {

constexpr size_t kNone = std::string::npos;

// Docker's, Podman's and containerd's names of containers.
bool has_container_id(std::string_view path) {
  constexpr size_t kIdLength = 64;
  const std::vector<std::string> parts = split(path, '/');
  return std::any_of(parts.begin(), parts.end(), [&](const std::string& part) {
    return part.size() == kIdLength && part.find_first_not_of("0123456789abcdef") == part.npos;
  });
}

struct Mark {
  std::string_view path;
  const char* container;
};

constexpr Mark kPoints[] = {{"/dev/termination-log", "kubernetes"},
                            {"/dev/.lxd-mounts", "lxd"},
                            {"/dev/.incus-mounts", "incus"},
                            {"/.lock", "enroot"}};
// Where runtimes keep the layers of which they make a root, the lowerdir and upperdir of an
// overlay; what their paths begin with is the site's choice. Live images, ostree and overlayroot
// have an overlay for a root as well.
constexpr Mark kLayers[] = {{"/io.containerd.snapshotter.", "containerd"},
                            {"/snapshotter/snapshots/", "containerd"},  // SOCI's, stargz's
                            {"/docker/overlay2/", "docker"},
                            {"/containers/storage/overlay/", "podman"},
                            {"/apptainer/mnt/session/", "apptainer"},
                            {"/singularity/mnt/session/", "singularity"},
                            // of /var/tmp/USER.ch, and what ch-run --write-fake lays over an image
                            {".ch/img/", "charliecloud"},
                            {"upperdir=/srv/upper,workdir=/srv/work", "charliecloud"},
                            {"/overlay/rootfs-lower", "sarus"}};  // of its OCIBundleDir

// Null of a root that is of no runtime's layers.
const Mark* mark_of_root(const Mount& mount) {
  const auto is_in = [&](const Mark& layers) {
    const bool in_overlay = mount.type == "overlay" && mount.options.find(layers.path) != kNone;
    return mount.point == "/" && (in_overlay || mount.root.find(layers.path) != kNone);
  };
  const auto* found = std::find_if(std::begin(kLayers), std::end(kLayers), is_in);
  return found == std::end(kLayers) ? nullptr : found;
}

}  // namespace

std::string_view layers_of_root(const Mount& mount) {
  const Mark* mark = mark_of_root(mount);
  return mark == nullptr ? std::string_view() : mark->path;
}

bool is_root_of_machine(const Mount& mount) {
  if (mount.point != "/" || mount.root != "/") return false;
  constexpr std::string_view kOfNoDisk[] = {"rootfs", "ramfs", "tmpfs", "nfs", "nfs4"};
  const bool disk = mount.source.starts_with("/dev/") && !mount.source.starts_with("/dev/loop");
  return disk || is_one_of(mount.type, kOfNoDisk);
}

bool is_dev_of_kernel(const Mount& mount) {
  return mount.point == "/dev" && mount.root == "/" && mount.type == "devtmpfs";
}

std::string container_of_mount(const Mount& mount) {
  constexpr std::string_view kFiles[] = {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"};
  for (const Mark& mark : kPoints) {
    if (mount.point == mark.path) return mark.container;
  }
  if (mount.type == "fuse.lxcfs" && mount.point.starts_with("/proc/")) return "lxc";
  if (const Mark* mark = mark_of_root(mount)) return mark->container;
  if (!is_one_of(mount.point, kFiles)) return "";
  if (mount.root.ends_with("/etc-hosts")) return "kubernetes";
  if (!has_container_id(mount.root)) return "";
  if (mount.root.find("containerd") != std::string::npos) return "containerd";
  return mount.root.find("/overlay-containers/") != std::string::npos ? "podman" : "docker";
}

}  // namespace efa
