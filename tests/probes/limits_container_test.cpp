// What a container may do, by the capabilities of its process 1 and by how /sys is mounted.

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

}  // namespace
}  // namespace efa
