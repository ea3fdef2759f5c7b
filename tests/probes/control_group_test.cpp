// Texts about control groups and rights, which tell a container from a host.

#include "probes/limits/control_group.h"

#include <gtest/gtest.h>

#include "probes/limits/parse.h"
#include "tests/support/row.h"

namespace efa {
namespace {

TEST(ParseLimits, KnowsTheControlGroupsOfContainers) {
  const Row<bool> rows[] = {
      {"/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope", true},
      {"/docker/0123", true},
      {"/system.slice/docker-0123.scope", true},
      {"/system.slice/docker.service", false},
      {"/machine.slice/libpod-1.scope", true},
      {"/system.slice/sshd.service", false},
      {"/", false},
      {"", false},
  };
  for (const auto& row : rows) EXPECT_EQ(is_container_cgroup(row.input), row.wanted) << row.input;
}

TEST(ParseLimits, FindsTheSystemsUnit) {
  const TextRow rows[] = {
      {"/system.slice/slurmd.service", "slurmd.service"},
      {"/runtime.slice/containerd.service/init", "containerd.service"},
      {"/user.slice/user-1000.slice/user@1000.service/app.slice", kNone},
      {"/init.scope", kNone},
      {"/", kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_system_unit(row.input), row.wanted) << row.input;
}

TEST(ParseLimits, TakesControlGroupsOfBothVersionsApart) {
  const ControlGroups both =
      parse_control_groups("5:devices:/docker/1\n1:name=systemd:/docker/1\n0::/user.slice\n");
  EXPECT_EQ(both.unified, "/user.slice");
  EXPECT_EQ(both.devices, "/docker/1");
  for (const char* text : {"", "0", "0:", "0:::", "x\n\n:::", "5:devices"}) {
    const ControlGroups none = parse_control_groups(text);
    EXPECT_FALSE(none.unified) << text;
    EXPECT_FALSE(none.devices) << text;
  }
}

TEST(ParseLimits, FindsADeviceInWhatAControlGroupAllows) {
  constexpr const char* kPod = "c 1:3 rwm\nb *:* m\nc 231:192 rwm\nc 231:193 rwm\n";
  EXPECT_TRUE(allows_character_device(kPod, "231:192"));
  EXPECT_FALSE(allows_character_device(kPod, "231:194"));
  EXPECT_FALSE(allows_character_device(kPod, "23:192"));
  EXPECT_TRUE(allows_character_device("a *:* rwm", "231:194"));
  EXPECT_TRUE(allows_character_device("c 231:* rw", "231:223"));
  EXPECT_FALSE(allows_character_device("c 23:* rw", "231:223"));
  for (const char* none : {"", "c", "b 231:192 rwm", "\n\n", "231:192"}) {
    EXPECT_FALSE(allows_character_device(none, "231:192")) << none;
  }
}

TEST(ParseLimits, ReadsASingleCapability) {
  constexpr unsigned kSysAdmin = 21;
  EXPECT_EQ(has_capability("CapBnd:\t000001ffffffffff", kSysAdmin), true);
  EXPECT_EQ(has_capability("CapBnd:\t00000000a80425fb", kSysAdmin), false) << "Docker's default";
  for (const char* other : {"", "CapBnd:", "CapBnd:\tx", "Uid:\t0", "CapBnd", "CapBnd:\t-1"}) {
    EXPECT_EQ(has_capability(other, kSysAdmin), std::nullopt) << other;
  }
  EXPECT_EQ(has_capability("CapBnd:\tffffffffffffffff", 64), std::nullopt);
}

}  // namespace
}  // namespace efa
