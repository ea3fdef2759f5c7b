// What shows a container and what it may do, by the lines that runtimes leave in mountinfo(5).

#include "probes/limits/container.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "probes/limits/read.h"
#include "tests/support/row.h"
#include "tests/support/said.h"

namespace efa {
namespace {

const std::string kId(64, 'a');

TEST(Container, IsKnownByWhatRuntimesMount) {
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
      {"", ""},
      {"755 7 259:1 /etc-hosts", ""},
  };
  for (const auto& row : rows) EXPECT_EQ(container_of_mount(row.input), row.wanted) << row.input;
}

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

}  // namespace
}  // namespace efa
