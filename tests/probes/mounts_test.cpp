// What is mounted in a process, and what that shows: which container it is in, and that something
// lies over the NVIDIA driver's files.

#include "probes/protocol/mounts.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "probes/gpu/parse.h"
#include "probes/limits/runtime_mounts.h"
#include "tests/support/row.h"
#include "tests/support/said.h"

namespace efa {
namespace {

const std::string kId(64, 'a');

// "root point rw", of what was parsed
std::optional<std::string> text_of(const std::optional<Mount>& mount) {
  if (!mount) return std::nullopt;
  return mount->root + " " + mount->point + (mount->read_only ? " ro" : " rw");
}

TEST(Mounts, HaveARootAPointAndAFlag) {
  const TextRow rows[] = {
      {"22 26 0:21 / /sys rw,relatime - sysfs sysfs rw", "/ /sys rw"},
      {"22 26 0:21 / /sys ro,nosuid,nodev shared:7 master:1 - sysfs sysfs rw", "/ /sys ro"},
      {"22 26 0:21 / /sys rw,relatime - sysfs sysfs ro", "/ /sys rw"},  // the file system's
      {"755 7 259:1 /pods/0b6f/etc-hosts /etc/hosts ro - xfs /dev/x rw",
       "/pods/0b6f/etc-hosts /etc/hosts ro"},
      {"80 26 0:4 net:[4026532008] /run/netns/blue rw shared:9 - nsfs nsfs rw",
       "net:[4026532008] /run/netns/blue rw"},
      {"22 26 0:21 / /sys root=ro - sysfs sysfs rw", "/ /sys rw"},
      {"22 26 0:21 / /sys rootmode - sysfs sysfs rw", "/ /sys rw"},
      {"22 26 0:21 / /sys ro", "/ /sys ro"},  // the six fields that are looked at
  };
  for (const auto& row : rows) EXPECT_EQ(text_of(parse_mount(row.input)), row.wanted) << row.input;
}

TEST(Mounts, HaveAFileSystemBehindTheHyphen) {
  const TextRow rows[] = {
      {"22 26 0:21 / /sys rw,relatime - sysfs sysfs rw", "sysfs sysfs rw"},
      {"22 26 0:21 / /sys rw shared:7 master:1 - overlay overlay rw,lowerdir=/a:/b",
       "overlay overlay rw,lowerdir=/a:/b"},
      {R"(22 26 0:21 / /x rw - cifs //a/b\040c rw,a=\040)", R"(cifs //a/b c rw,a=\040)"},
      {"22 26 0:21 / /x rw - tmpfs  rw", "tmpfs  rw"},  // a source without a name
      {"22 26 0:21 / /x rw - tmpfs tmpfs", "  "},
      {"22 26 0:21 / /x rw -", "  "},
      {"22 26 0:21 / /x rw", "  "},
  };
  for (const auto& row : rows) {
    const auto mount = parse_mount(row.input);
    ASSERT_TRUE(mount) << row.input;
    EXPECT_EQ(mount->type + " " + mount->source + " " + mount->options, row.wanted) << row.input;
  }
}

TEST(Mounts, ALineThatIsCutOffIsNone) {
  const std::string line = "22 26 0:21 / /sys ";
  for (size_t length = 0; length < line.size(); ++length) {
    EXPECT_EQ(parse_mount(line.substr(0, length)), std::nullopt) << length;
  }
}

TEST(Mounts, EscapesAreDecodedOnce) {
  const TextRow rows[] = {
      {R"(36 35 0:31 /a\040b /mnt/c\011d\012e rw - tmpfs tmpfs rw)", "/a b /mnt/c\td\ne rw"},
      {R"(36 35 0:31 / /mnt/a\134b\043 rw - tmpfs tmpfs rw)", R"(/ /mnt/a\b# rw)"},
      {R"(36 35 0:31 / /mnt/a\134040b rw - tmpfs tmpfs rw)", R"(/ /mnt/a\040b rw)"},
      {R"(36 35 0:31 / /mnt/\303\274 rw - tmpfs tmpfs rw)", "/ /mnt/\303\274 rw"},
      // no escapes: they stay as they are
      {R"(36 35 0:31 / /mnt/a\04 rw - tmpfs tmpfs rw)", R"(/ /mnt/a\04 rw)"},
      {R"(36 35 0:31 / /mnt/a\089 rw - tmpfs tmpfs rw)", R"(/ /mnt/a\089 rw)"},
      {R"(36 35 0:31 / /mnt/a\400 rw - tmpfs tmpfs rw)", R"(/ /mnt/a\400 rw)"},
      {R"(36 35 0:31 / /mnt/a\000b rw - tmpfs tmpfs rw)", R"(/ /mnt/a\000b rw)"},
      {R"(36 35 0:31 / /mnt/a\ rw - tmpfs tmpfs rw)", R"(/ /mnt/a\ rw)"},
  };
  for (const auto& row : rows) EXPECT_EQ(text_of(parse_mount(row.input)), row.wanted) << row.input;
}

// A name cannot pretend to be a field of another: only spaces part them, and those are escaped.
TEST(Mounts, AHostileLineIsTakenAsItIsOrNotAtAll) {
  const std::string longest = "/" + std::string(4094, 'x');
  const TextRow rows[] = {
      {"36 35 0:31 / /mnt/a\v/sys ro - tmpfs tmpfs rw", "/ /mnt/a\v/sys ro"},
      {R"(36 35 0:31 / /mnt/a\040/sys\040ro rw - tmpfs tmpfs rw)", "/ /mnt/a /sys ro rw"},
      {"36 35 0:31 /  /sys ro - tmpfs tmpfs rw", kNone},
      {"36 35 0:31 / sys ro - tmpfs tmpfs rw", kNone},
      {"      ", kNone},
      {"36 35 0:31 / " + longest + " ro - tmpfs tmpfs rw", "/ " + longest + " ro"},
      {"36 35 0:31 / " + longest + "x ro - tmpfs tmpfs rw", kNone},
      {"36 35 0:31 " + longest + "x /sys ro - tmpfs tmpfs rw", kNone},
      {"36 35 0:31 / " + std::string(100'000, '\\') + " ro", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(text_of(parse_mount(row.input)), row.wanted) << row.input;
}

TEST(Mounts, OnlyThoseThatAreWantedAreRead) {
  const std::string path = "/proc/self/mountinfo";
  const auto is_sys = [](const Mount& mount) { return mount.point == "/sys"; };
  const auto root =
      Sysroot::replay(seen("lines", path,
                           Array{"22 26 0:21 / /sys ro - sysfs sysfs rw", "22 26 0:21",
                                 "21 26 0:20 / /proc rw,relatime - proc proc rw"}));
  ASSERT_TRUE(root.ok());
  const auto mounts = read_mounts(*root, is_sys);
  ASSERT_TRUE(mounts.ok());
  ASSERT_EQ(mounts->size(), 1U);
  EXPECT_TRUE(mounts->front().read_only);
  const auto refused = Sysroot::replay(unseen("lines", path, EACCES));
  ASSERT_TRUE(refused.ok());
  EXPECT_FALSE(read_mounts(*refused, is_sys).ok());
}

TEST(Mounts, ShowAContainerByWhatRuntimesMount) {
  const TextRow rows[] = {
      {"755 7 259:1 /var/lib/kubelet/pods/0b6f/etc-hosts /etc/hosts rw - xfs /dev/x rw",
       "kubernetes"},
      {"755 7 259:4 /pods/0b6f/etc-hosts /etc/hosts rw - xfs /dev/y rw", "kubernetes"},
      {"755 7 259:1 /pods/0b6f/containers/a/1b2c /dev/termination-log rw - xfs /dev/y rw",
       "kubernetes"},
      {"755 7 259:1 /var/lib/docker/containers/" + kId + "/hostname /etc/hostname rw - ext4 /d rw",
       "docker"},
      {"755 7 259:1 /containers/" + kId + "/hosts /etc/hosts rw - ext4 /dev/y rw", "docker"},
      {"755 7 259:1 /var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/" + kId +
           "/hostname /etc/hostname rw - ext4 /dev/x rw",
       "containerd"},
      {"755 7 0:24 /containers/storage/overlay-containers/" + kId +
           "/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw",
       "podman"},
      {"755 7 0:92 / / rw - overlay overlay rw,lowerdir=/var/lib/containerd/"
       "io.containerd.snapshotter.v1.overlayfs/snapshots/165/fs,upperdir=/x",
       "containerd"},
      {"755 7 259:1 /containerd/io.containerd.snapshotter.v1.native/snapshots/5 / rw - xfs /d rw",
       "containerd"},
      {"755 7 0:92 / / rw - overlay overlay rw,lowerdir=/var/lib/soci-snapshotter-grpc/snapshotter/"
       "snapshots/57/fs",
       "containerd"},
      {"755 7 0:92 / / rw - overlay overlay rw,lowerdir=/data/docker/overlay2/l/A:/b", "docker"},
      {"755 7 0:92 / / rw - overlay overlay rw,lowerdir=/home/u/.local/share/containers/storage/"
       "overlay/l/A",
       "podman"},
      {"1637 1259 0:76 / / rw,nodev unbindable - overlay overlay "
       "ro,lowerdir=/var/lib/apptainer/mnt/session/overlay-lowerdir",
       "apptainer"},
      {"755 7 259:1 /home/u/.local/share/enroot/x/.lock /.lock ro - ext4 /dev/x rw", "enroot"},
      {"755 7 0:60 / /dev/.lxd-mounts rw - tmpfs tmpfs rw", "lxd"},
      {"755 7 0:60 / /dev/.incus-mounts rw - tmpfs tmpfs rw", "incus"},
      {"755 7 0:64 /proc/cpuinfo /proc/cpuinfo rw - fuse.lxcfs lxcfs rw,user_id=0", "lxc"},
      // a host: its own files, those of a network namespace, of a volume below kubelet's folder
      {"21 26 0:20 / /proc rw,relatime - proc proc rw", ""},
      {"755 7 259:1 /etc/netns/blue/resolv.conf /etc/resolv.conf rw - ext4 /dev/x rw", ""},
      {"755 7 0:24 /systemd/resolve/stub-resolv.conf /etc/resolv.conf rw - tmpfs tmpfs rw", ""},
      {"755 7 259:1 /x /var/lib/kubelet/pods/0b6f/volume-subpaths/a/0 rw - ext4 /dev/x rw", ""},
      // and other overlays: of live images, Ubuntu's overlayroot, ostree
      {"755 7 0:30 / / rw - overlay overlay rw,lowerdir=/x", ""},
      {"755 7 0:30 / / rw - overlay LiveOS_rootfs rw,lowerdir=/run/rootfsbase,upperdir=/run/ovl",
       ""},
      {"755 7 0:30 / / rw - overlay overlayroot rw,lowerdir=/media/root-ro,upperdir=/media/rw", ""},
      {"755 7 0:30 / / ro - overlay composefs ro,lowerdir+=/run/ostree/.private/cfsroot-lower,"
       "datadir+=/sysroot/ostree/repo/objects",
       ""},
      {"755 7 7:3 / / ro - squashfs /dev/loop3 ro", ""},  // a snap's
      {"755 7 0:92 / /run/containerd/io.containerd.runtime.v2.task/k8s.io/a/rootfs rw - overlay "
       "overlay "
       "rw,lowerdir=/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs",
       ""},
      {"166 30 0:60 / /var/lib/lxcfs rw - fuse.lxcfs lxcfs rw,user_id=0", ""},
  };
  for (const auto& row : rows) {
    const auto mount = parse_mount(row.input);
    ASSERT_TRUE(mount) << row.input;
    EXPECT_EQ(container_of_mount(*mount), row.wanted) << row.input;
  }
  for (const char* line : {"", "755 7 259:1 /etc-hosts"}) {
    EXPECT_EQ(parse_mount(line), std::nullopt) << line;
  }
}

TEST(Mounts, ShowThatTheRootIsTheMachines) {
  const Row<bool> rows[] = {
      {"22 1 259:1 / / rw,relatime shared:1 - xfs /dev/nvme0n1p1 rw", true},
      {"1 1 0:2 / / rw - rootfs rootfs rw", true},
      {"22 1 0:24 / / rw - tmpfs tmpfs rw", true},  // a node that boots over the network
      {"22 1 0:24 / / rw - nfs4 10.0.0.1:/images/a rw", true},
      {"755 7 0:92 / / rw - overlay overlay rw,lowerdir=/x", false},
      {"755 7 259:1 /scratch/sandbox / rw - xfs /dev/nvme0n1p1 rw", false},
      {"755 7 7:3 / / ro - squashfs /dev/loop3 ro", false},
      {"755 7 0:77 /underlay / rw - tmpfs tmpfs rw", false},  // Apptainer's
      {"755 7 0:80 / / rw - zfs pool/docker/a rw", false},
      {"755 7 259:1 / /data rw - xfs /dev/nvme1n1 rw", false},
      {"755 7 259:1 / / rw", false},
  };
  for (const auto& row : rows) EXPECT_EQ(is_root_of_machine(*parse_mount(row.input)), row.wanted);
}

TEST(Mounts, ShowThatDevIsTheKernels) {
  const Row<bool> rows[] = {
      {"24 22 0:5 / /dev rw,nosuid - devtmpfs devtmpfs rw,size=4096k", true},
      {"760 7 0:98 / /dev rw,nosuid - tmpfs tmpfs rw", false},
      {"760 7 0:5 /tty /dev/tty rw - devtmpfs udev rw", false},  // LXD's
      {"760 7 0:5 /infiniband /dev/infiniband rw - devtmpfs devtmpfs rw", false},
  };
  for (const auto& row : rows) EXPECT_EQ(is_dev_of_kernel(*parse_mount(row.input)), row.wanted);
}

TEST(Mounts, ShowWhatLiesOverTheNvidiaDriversFolder) {
  const Row<bool> rows[] = {
      {"36 35 0:31 / /proc/driver/nvidia ro,nosuid - tmpfs tmpfs rw", true},
      {"36 35 0:31 / /proc/driver/nvidia/params ro - tmpfs tmpfs rw", true},
      {"36 35 0:31 / /proc/driver/nvidia-nvlink ro - tmpfs tmpfs rw", false},
      {"36 35 0:31 / /proc rw - proc proc rw", false},
      {"36 35 0:31 /proc/driver/nvidia /x rw - tmpfs tmpfs rw", false},
  };
  for (const auto& row : rows) {
    const auto mount = parse_mount(row.input);
    ASSERT_TRUE(mount) << row.input;
    EXPECT_EQ(covers_nvidia(*mount), row.wanted) << row.input;
  }
  for (const char* line : {"", "/proc/driver/nvidia"}) {
    EXPECT_EQ(parse_mount(line), std::nullopt) << line;
  }
}

}  // namespace
}  // namespace efa
