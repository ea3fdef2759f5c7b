// What a container is known by, and what it may do: by the capabilities of its process 1, by how
// /sys is mounted and by whose users it has.

#include "probes/limits/container.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "probes/limits/parse.h"
#include "probes/limits/read.h"
#include "tests/support/said.h"

namespace efa {
namespace {

TEST(Container, HasAllCapabilitiesOnlyWithTheKernelsLast) {
  EXPECT_EQ(has_all_capabilities("CapBnd:\t000001ffffffffff", 40), true);
  EXPECT_EQ(has_all_capabilities("CapBnd:\t0000003fffffffff", 37), true);
  EXPECT_EQ(has_all_capabilities("CapBnd:\t0000003fffffffff", 40), false);
  EXPECT_EQ(has_all_capabilities("CapBnd:\t00000000a82425fb", 40), false) << "with SYS_ADMIN";
  EXPECT_EQ(has_all_capabilities("CapBnd:\tx", 40), std::nullopt);
}

LimitsFacts facts_of(const std::string& bounding, const std::string& sys) {
  const std::string status = "/proc/1/status";
  const std::string mounts = "/proc/self/mountinfo";
  Said said;
  said.read(seen("read", "/run/systemd/container", "docker") +
                seen("read", "/proc/sys/kernel/cap_last_cap", "40") +
                seen("lines", status, Array{"CapBnd:\t" + bounding, "CapEff:\t00000000a80425fb"}) +
                (sys.empty() ? unseen("lines", mounts, EACCES)
                             : seen("lines", mounts,
                                    Array{"760 755 0:315 / /sys " + sys + ",nosuid - sysfs s rw"})),
            read_limits);
  return *from_value<LimitsFacts>(said.facts(), "facts");
}

TEST(Container, IsPrivilegedWhereItAdministersAndSysIsWritable) {
  constexpr const char* kAll = "000001ffffffffff";
  constexpr const char* kAllButOne = "000001fffeffffff";  // --privileged --cap-drop SYS_RESOURCE
  constexpr const char* kSysAdmin = "00000000a82425fb";
  constexpr const char* kDefault = "00000000a80425fb";
  EXPECT_EQ(facts_of(kAll, "rw").may_administer, true);
  EXPECT_EQ(facts_of(kAllButOne, "rw").may_administer, true);
  EXPECT_EQ(facts_of(kAll, "ro").may_administer, false) << "--cap-add ALL";
  EXPECT_EQ(facts_of(kSysAdmin, "ro").may_administer, false) << "--cap-add SYS_ADMIN";
  EXPECT_EQ(facts_of(kDefault, "rw").may_administer, false);
  EXPECT_EQ(facts_of(kAll, "").may_administer, true) << "the mounts were not read";
  EXPECT_EQ(facts_of(kSysAdmin, "").may_administer, false);
  EXPECT_EQ(facts_of("x", "rw").may_administer, std::nullopt);
  EXPECT_EQ(facts_of(kAll, "rw").may_lock_any, false);
}

LimitsFacts facts_of(const std::string& looks) {
  Said said;
  said.read(looks, read_limits);
  return *from_value<LimitsFacts>(said.facts(), "facts");
}

std::string mounts(const Array& lines) {
  return seen("lines", "/proc/self/mountinfo", lines);
}

std::string present(const std::string& path) {
  return seen("status", path, Object{{"mode", 0100644}});
}

constexpr const char* kDiskRoot = "22 1 259:1 / / rw,relatime shared:1 - xfs /dev/nvme0n1p1 rw";
constexpr const char* kImageRoot = "755 612 259:1 /scratch/image / rw - xfs /dev/nvme0n1p1 rw";
constexpr const char* kOverlayRoot =
    "22 1 0:30 / / rw - overlay LiveOS_rootfs rw,lowerdir=/run/rootfsbase,upperdir=/run/overlayfs";
constexpr const char* kHostsProcesses = "pid:[4026531836]";
constexpr const char* kOwnProcesses = "pid:[4026532310]";

std::string own_user() {
  return seen("read", "/proc/self/uid_map", "1000 1000 1");
}

std::string processes(const char* which) {
  return seen("link", "/proc/self/ns/pid", which);
}

TEST(Container, IsKnownByWhatItsRuntimeLeavesInIt) {
  const struct {
    std::string looks;
    std::optional<std::string> wanted;
  } rows[] = {
      {present("/.dockerenv"), "docker"},
      {mounts({kImageRoot}) + present("/.dockerenv"), "docker"},
      {present("/run/.containerenv"), "podman"},
      {seen("read", "/run/host/container-manager", "systemd-nspawn"), "systemd-nspawn"},
      {seen("read", "/run/systemd/container", "lxc"), "lxc"},
      {seen("read", "/run/systemd/container", "a b\x1b[2J"), "other"},
      {present("/var/run/secrets/kubernetes.io"), "kubernetes"},
      {seen("lines", "/proc/1/environ", Array{"container=lxc"}), "lxc"},
      {mounts({"755 612 0:92 / / rw - overlay overlay rw,lowerdir=/var/lib/containerd/"
               "io.containerd.snapshotter.v1.overlayfs/snapshots/3/fs"}),
       "containerd"},
      {present("/.singularity.d"), "apptainer"},
      {mounts({kImageRoot}) + present("/.singularity.d"), "apptainer"},
      {processes(kOwnProcesses) + present("/sys/fs/cgroup/cgroup.type"), "other"},
      {mounts({kImageRoot}) + own_user() + present("/ch/environment"), "charliecloud"},
      {mounts({kImageRoot}) + own_user() +
           seen("lines", "/proc/self/environ", Array{"CH_RUNNING=Weird Al Yankovic"}),
       "charliecloud"},
      {mounts({"755 612 259:1 /var/tmp/alice.ch/img/debian+12 / ro - xfs /dev/nvme0n1p1 rw"}),
       "charliecloud"},
      {mounts({"755 612 0:92 / / rw - overlay none rw,lowerdir=/home/alice/image,"
               "upperdir=/srv/upper,workdir=/srv/work,index=on,userxattr,volatile"}),
       "charliecloud"},
      {mounts({"755 612 0:92 / / rw - overlay overlay rw,lowerdir=/opt/sarus/var/OCIBundleDir/"
               "overlay/rootfs-lower,upperdir=/opt/sarus/var/OCIBundleDir/overlay/rootfs-upper"}),
       "sarus"},
      // a pod of an image that Apptainer made
      {mounts({"767 756 259:1 /pods/0b6f/containers/a/1 /dev/termination-log rw - xfs /d rw"}) +
           present("/.singularity.d"),
       "kubernetes"},
  };
  for (const auto& row : rows) EXPECT_EQ(facts_of(row.looks).container, row.wanted) << row.looks;
}

TEST(Container, AHostIsNone) {
  const std::string rows[] = {
      "",
      mounts({kDiskRoot}) + processes(kHostsProcesses),
      mounts({kOverlayRoot}),  // a live image
      // made of an image, as Warewulf and bootc have it
      mounts({kDiskRoot}) + present("/.dockerenv"),
      mounts({kDiskRoot}) + present("/.singularity.d"),
      mounts({"1 1 0:2 / / rw - rootfs rootfs rw", "22 1 0:24 / / rw - tmpfs tmpfs rw"}) +
          present("/.singularity.d"),
      mounts({"755 612 7:3 / / ro - squashfs /dev/loop3 ro"}) +
          processes(kHostsProcesses),  // a snap
      // a service with namespaces of mounts, users and control groups
      mounts({kDiskRoot}) + processes(kHostsProcesses) + present("/sys/fs/cgroup/cgroup.type") +
          seen("read", "/proc/self/uid_map", "0 0 1"),
      processes(kOwnProcesses),
      seen("lines", "/proc/1/environ", Array{"container="}),
      // a machine that was made of an image of Charliecloud; a job that was started from within one
      mounts({kDiskRoot}) + own_user() + present("/ch/environment"),
      mounts({kOverlayRoot}) + present("/ch/environment") +
          seen("lines", "/proc/self/environ", Array{"CH_RUNNING=Weird Al Yankovic"}),
      // what Sarus and Charliecloud leave on a node
      mounts({kDiskRoot,
              "90 22 0:92 / /var/OCIBundleDir/rootfs rw - overlay overlay "
              "rw,lowerdir=/var/OCIBundleDir/overlay/rootfs-lower"}),
      mounts({kDiskRoot, "91 22 0:93 / /var/tmp/alice.ch/img/x rw - tmpfs tmpfs rw"}),
  };
  for (const std::string& looks : rows) {
    EXPECT_EQ(facts_of(looks).container, std::nullopt) << looks;
  }
}

TEST(Container, WithUsersOfItsOwnIsNotPrivileged) {
  const std::string all = seen("read", "/run/systemd/container", "lxc") +
                          seen("read", "/proc/sys/kernel/cap_last_cap", "40") +
                          seen("lines", "/proc/1/status",
                               Array{"CapBnd:\t000001ffffffffff", "CapEff:\t000001ffffffffff"}) +
                          mounts({"760 755 0:315 / /sys rw - sysfs s rw"});
  const auto with_map = [&](const std::string& map) {
    return facts_of(all + seen("read", "/proc/self/uid_map", map));
  };
  EXPECT_EQ(with_map("         0    1000000 1000000000").may_administer, false) << "LXD";
  EXPECT_EQ(with_map("0 1000 1\n1 100000 65536").may_administer, false) << "rootless Podman";
  EXPECT_EQ(with_map("").may_administer, false) << "nobody is mapped yet";
  EXPECT_EQ(with_map("0 1000000 1000000000").may_lock_any, false) << "CAP_IPC_LOCK of its own";
  EXPECT_EQ(with_map("         0          0 4294967295").may_administer, true);
  EXPECT_EQ(with_map("         0          0 4294967295").may_lock_any, true);
  EXPECT_EQ(facts_of(all).may_administer, true) << "a recording of before";
}

TEST(Container, OfApptainerHasWhatLiesInItsDev) {
  const std::string root = present("/.singularity.d") +
                           seen("read", "/proc/sys/kernel/cap_last_cap", "40") +
                           seen("lines", "/proc/1/status",
                                Array{"CapBnd:\t000001ffffffffff", "CapEff:\t000001ffffffffff"});
  const char* sys = "760 755 0:315 / /sys rw - sysfs s rw";
  const LimitsFacts minimal =
      facts_of(root + mounts({kImageRoot, sys, "761 755 0:77 /dev /dev rw - tmpfs tmpfs rw"}));
  EXPECT_EQ(minimal.may_administer, false) << "--containall by root";
  EXPECT_EQ(minimal.has_hosts_dev, std::nullopt);
  const LimitsFacts whole =
      facts_of(root + mounts({kImageRoot, sys, "761 755 0:5 / /dev rw - devtmpfs devtmpfs rw"}) +
               processes(kHostsProcesses));
  EXPECT_EQ(whole.has_hosts_dev, true);
  EXPECT_EQ(whole.may_lock_any, std::nullopt) << "process 1 is the host's";
}

TEST(Container, OnlyOneHasTheHostsDev) {
  const std::string dev = "24 22 0:5 / /dev rw,nosuid - devtmpfs devtmpfs rw";
  EXPECT_EQ(facts_of(mounts({kDiskRoot, dev})).has_hosts_dev, std::nullopt);
}

}  // namespace
}  // namespace efa
