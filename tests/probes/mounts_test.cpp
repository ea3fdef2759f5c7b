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
      // a host: its own files, those of a network namespace, of a volume below kubelet's folder
      {"21 26 0:20 / /proc rw,relatime - proc proc rw", ""},
      {"755 7 259:1 /etc/netns/blue/resolv.conf /etc/resolv.conf rw - ext4 /dev/x rw", ""},
      {"755 7 0:24 /systemd/resolve/stub-resolv.conf /etc/resolv.conf rw - tmpfs tmpfs rw", ""},
      {"755 7 259:1 /x /var/lib/kubelet/pods/0b6f/volume-subpaths/a/0 rw - ext4 /dev/x rw", ""},
      {"755 7 0:30 / / rw - overlay overlay rw,lowerdir=/x", ""},  // a live image has that as well
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
