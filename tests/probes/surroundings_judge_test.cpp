// What is said of limits, the kernel log and AWS's words.

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/check_case.h"

namespace efa {
namespace {

std::optional<LockedMemory>& locked_memory(Scene& scene, const std::string& service) {
  for (ServiceLimits& limits : scene.node.limits.facts.services) {
    if (limits.name == service) return limits.locked_memory;
  }
  return scene.node.limits.facts.own_locked_memory;
}

LogMessage error_of(size_t i, const std::string& kind, const std::string& text) {
  LogMessage message;
  message.priority = 3;
  message.address = address(i);
  message.kind = kind;
  message.text = "efa " + device(i) + ": " + text;
  return message;
}

void log_error(Scene& scene, const LogMessage& message) {
  scene.node.log.facts.messages.push_back(message);
  scene.node.log.facts.total = scene.node.log.facts.messages.size();
}

void close_metadata(Scene& scene) {
  silence(scene.node.cloud, ProbeStatus::kTimedOut);
}

using Change = std::function<void(Scene&)>;

// None is expected and none is there, on a type that can have so many.
Change expect_nothing_of(int maximum) {
  return [=](Scene& scene) {
    scene.expectation.expected = false;
    scene.expectation.maximum = maximum;
    scene.node.pci.facts.efa.clear();
  };
}

Change expect_nothing_and_see_nothing(int maximum) {
  return [=](Scene& scene) {
    expect_nothing_of(maximum)(scene);
    silence(scene.node.pci, ProbeStatus::kTimedOut);
  };
}

constexpr LockedMemory kLow{false, 64, std::nullopt, std::nullopt};

}  // namespace

CheckCases limits_cases() {
  return {
      {"limits.memlock-low", kFail, "slurmd", [](Scene& s) { locked_memory(s, "slurmd") = kLow; }},
      {"limits.memlock-low", kUnknown, "slurmd",
       [](Scene& s) { locked_memory(s, "slurmd").reset(); }},
      {"limits.container-memlock-low", kFail, "containerd",
       [](Scene& s) { locked_memory(s, "containerd") = kLow; }},
      {"limits.container-memlock-low", kUnknown, kNodeSubject,
       [](Scene& s) { silence(s.node.limits, ProbeStatus::kTimedOut); }},
      {"limits.shell-memlock-low", kFail, "this shell",
       [](Scene& s) { s.node.limits.facts.own_locked_memory = kLow; }},
      {"limits.shell-memlock-low", kUnknown, kNodeSubject,
       [](Scene& s) { silence(s.node.limits, ProbeStatus::kTimedOut); }},
      {"limits.huge-pages-few", kFail, kNodeSubject,
       [](Scene& s) { s.node.limits.facts.hugepages_2m = 55 * 192; }},
      {"limits.huge-pages-few", kUnknown, kNodeSubject,
       [](Scene& s) { s.node.limits.facts.hugepages_2m.reset(); }},
      {"limits.ptrace-restricted", kFail, kNodeSubject,
       [](Scene& s) { s.node.limits.facts.ptrace_scope = 1; }},
      {"limits.ptrace-restricted", kUnknown, kNodeSubject,
       [](Scene& s) { silence(s.node.limits, ProbeStatus::kDenied); }},
  };
}

CheckCases log_cases() {
  return {
      {"log.driver-errors", kFail, device(1),
       [](Scene& s) { log_error(s, error_of(1, "admin-timeout", "no completion")); }},
      {"log.driver-errors", kUnknown, kNodeSubject,
       [](Scene& s) {
         s.node.log.facts.total.reset();
         s.node.log.facts.unseen = {{"/dev/kmsg", "Operation not permitted", EPERM}};
       }},
  };
}

CheckCases cloud_cases() {
  return {
      {"cloud.metadata-unreachable", kFail, kNodeSubject,
       [](Scene& s) { s.node.cloud.facts.metadata_status = "slow"; }},
      {"cloud.metadata-unreachable", kUnknown, kNodeSubject, close_metadata},
      {"cloud.type-not-known", kFail, kNodeSubject,
       [](Scene& s) { s.expectation.maximum.reset(); }},
      {"cloud.type-not-known", kUnknown, kNodeSubject,
       [](Scene& s) {
         s.expectation.maximum.reset();
         s.expectation.instance_type.clear();
       }},
      {"cloud.capable-type-unused", kFail, kNodeSubject, expect_nothing_of(2)},
      {"cloud.capable-type-unused", kUnknown, kNodeSubject, expect_nothing_and_see_nothing(2)},
      {"cloud.rails-unused", kFail, kNodeSubject, expect_nothing_of(4)},
      {"cloud.rails-unused", kUnknown, kNodeSubject, expect_nothing_and_see_nothing(4)},
      {"cloud.no-common-security-group", kFail, kNodeSubject,
       [](Scene& s) { s.node.cloud.facts.interfaces.at(0).security_group_ids = {"sg-other"}; }},
      {"cloud.no-common-security-group", kUnknown, kNodeSubject, close_metadata},
      {"cloud.no-placement-group", kFail, kNodeSubject,
       [](Scene& s) { s.node.cloud.facts.placement_group.reset(); }},
      {"cloud.no-placement-group", kUnknown, kNodeSubject, close_metadata},
  };
}

namespace {

TEST(Limits, SixteenGibibytesAreEnough) {
  Scene scene = healthy_scene();
  constexpr uint64_t kEnoughKib = uint64_t{16} * 1024 * 1024;
  locked_memory(scene, "slurmd") = LockedMemory{false, kEnoughKib, {}, {}};
  EXPECT_EQ(result_of(scene, "limits.memlock-low", "slurmd"), kPass);
  locked_memory(scene, "slurmd") = LockedMemory{false, kEnoughKib - 1, {}, {}};
  EXPECT_EQ(result_of(scene, "limits.memlock-low", "slurmd"), kFail);
}

TEST(Limits, AKernelWithLargerHugePagesIsNotAsked) {
  Scene scene = healthy_scene();
  scene.node.limits.facts.hugepage_size_kib = 524288;
  scene.node.limits.facts.hugepages_2m = 0;
  EXPECT_EQ(result_of(scene, "limits.huge-pages-few", kNodeSubject), kNotApplicable);
}

TEST(Limits, AKernelWithoutYamaRestrictsNothing) {
  Scene scene = healthy_scene();
  scene.node.limits.facts.ptrace_scope.reset();
  EXPECT_EQ(result_of(scene, "limits.ptrace-restricted", kNodeSubject), kPass);
}

TEST(Log, OnlyErrorsCount) {
  Scene scene = healthy_scene();
  LogMessage message = error_of(0, "device-registered", "IB device registered");
  message.priority = 6;
  log_error(scene, message);
  EXPECT_EQ(result_of(scene, "log.driver-errors", kNodeSubject), kPass);
}

TEST(Log, AnErrorThatNamesTheRdmaDeviceIsItsFunctions) {
  Scene scene = healthy_scene();
  LogMessage message = error_of(0, "command-failed", "Failed to process command REG_MR");
  message.address.reset();
  message.device = scene.rdma(2).name;
  log_error(scene, message);
  EXPECT_EQ(result_of(scene, "log.driver-errors", device(2)), kFail);
}

TEST(Cloud, OffEc2NobodyIsAsked) {
  Scene scene = healthy_scene();
  scene.node.cloud.facts = CloudFacts{};
  EXPECT_EQ(result_of(scene, "cloud.metadata-unreachable", kNodeSubject), kNotApplicable);
}

TEST(Cloud, AConfiguredNumberNeedsNoKnownType) {
  Scene scene = healthy_scene();
  scene.expectation.maximum.reset();
  scene.expectation.exactly = 4;
  EXPECT_EQ(result_of(scene, "cloud.type-not-known", kNodeSubject), kNotApplicable);
}

TEST(Cloud, ATypeOfTheTableWithoutANumberIsNotSaidToBeMissingThere) {
  Scene scene = healthy_scene();
  scene.expectation.maximum.reset();
  scene.expectation.type_listed = true;
  const auto findings = judge_all(scene.node, scene.expectation);
  EXPECT_EQ(finding_of(findings, "cloud.type-not-known", kNodeSubject)->message,
            "the table has no number for g6e.48xlarge");
}

TEST(Cloud, HalfOfTheSecurityGroupsIsNotAll) {
  Scene scene = healthy_scene();
  scene.node.cloud.facts.interfaces.resize(2);
  EXPECT_EQ(result_of(scene, "cloud.no-common-security-group", kNodeSubject), kUnknown);
}

}  // namespace
}  // namespace efa
