// What is said of limits, the kernel log and AWS's words.

#include <gtest/gtest.h>

#include <cerrno>

#include "probes/judging/remedy.h"
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

void crash(Scene& scene) {
  scene.node.log.facts.traces = {
      {7, true, "Oops: 0000 [#1] PREEMPT SMP NOPTI", "efa_destroy_cq", false}};
}

void close_metadata(Scene& scene) {
  silence(scene.node.cloud, ProbeStatus::kTimedOut);
}

// Of which the machine shows nothing.
CloudInterface efa_only_interface() {
  CloudInterface interface;
  interface.mac = "06:00:00:00:00:99";
  interface.interface_id = "eni-0123456789abcde99";
  interface.network_card = 4;
  interface.security_group_ids = {"sg-0123456789abcdef0"};
  interface.has_ipv6 = false;
  return interface;
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
      {"log.driver-crash", kFail, kNodeSubject, crash},
      {"log.driver-crash", kUnknown, kNodeSubject,
       [](Scene& s) {
         silence(s.node.log, ProbeStatus::kDenied);
         s.node.kernel.facts.taint = "12416";  // something has crashed: 1 << 7
       }},
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
      {"cloud.several-vpcs", kFail, kNodeSubject,
       [](Scene& s) { s.node.cloud.facts.interfaces.at(1).vpc_id = "vpc-other"; }},
      {"cloud.several-vpcs", kUnknown, kNodeSubject,
       [](Scene& s) { s.node.cloud.facts.interfaces.at(1).vpc_id.reset(); }},
      {"cloud.card-shared", kFail, kNodeSubject,
       [](Scene& s) { s.node.cloud.facts.interfaces.at(1).network_card = 0; }},
      {"cloud.card-shared", kUnknown, kNodeSubject,
       [](Scene& s) { s.node.cloud.facts.interfaces.at(1).network_card.reset(); }},
      {"cloud.mac-not-listed", kFail, device(1),
       [](Scene& s) { s.node.cloud.facts.interfaces.at(1).mac = "06:00:00:00:00:99"; }},
      {"cloud.mac-not-listed", kUnknown, device(1), close_metadata},
      {"cloud.interface-not-on-pci", kFail, kNodeSubject,
       [](Scene& s) { s.node.cloud.facts.interfaces.push_back(efa_only_interface()); }},
      {"cloud.interface-not-on-pci", kUnknown, kNodeSubject, close_metadata},
      {"cloud.no-placement-group", kFail, kNodeSubject,
       [](Scene& s) { s.node.cloud.facts.placement_group.reset(); }},
      {"cloud.no-placement-group", kUnknown, kNodeSubject, close_metadata},
      {"cloud.spot-ends", kFail, kNodeSubject,
       [](Scene& s) { s.node.cloud.facts.spot_action = "terminate at 2026-11-28T08:22:00Z"; }},
      {"cloud.spot-ends", kUnknown, kNodeSubject, close_metadata},
  };
}

namespace {

const Finding& rules_finding(const std::vector<Finding>& findings) {
  return *finding_of(findings, "cloud.rules-not-seen", kNodeSubject);
}

TEST(Cloud, RulesOfGroupsAreSaidToBeUnseenWithWhatShowsThem) {
  Scene scene = healthy_scene();
  scene.node.cloud.facts.interfaces.at(2).security_group_ids.emplace_back("sg-other");
  const std::vector<Finding> findings = judge_all(scene.node, scene.expectation);
  const Finding& rules = rules_finding(findings);
  EXPECT_EQ(rules.result, kUnknown);
  EXPECT_EQ(command_of(rules),
            "aws ec2 describe-security-group-rules --filters "
            "Name=group-id,Values=sg-0123456789abcdef0,sg-other");
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy) << "a word, no alarm";
  close_metadata(scene);
  const std::vector<Finding> blind = judge_all(scene.node, scene.expectation);
  EXPECT_EQ(finding_of(blind, "cloud.rules-not-seen", kNodeSubject), nullptr);
}

TEST(Cloud, MetadataThatAnswersNotEverythingNeedsNotBeEnabled) {
  Scene scene = healthy_scene();
  CloudFacts& facts = scene.node.cloud.facts;
  facts.instance_type_source = "dmi";
  for (const char* status : {"throttled", "failing"}) {
    facts.metadata_status = status;
    EXPECT_EQ(result_of(scene, "cloud.metadata-unreachable", kNodeSubject), kUnknown) << status;
  }
  facts.metadata_status = "slow";
  EXPECT_EQ(result_of(scene, "cloud.metadata-unreachable", kNodeSubject), kFail);
  facts.metadata_session = true;
  EXPECT_EQ(result_of(scene, "cloud.metadata-unreachable", kNodeSubject), kUnknown);
}

TEST(Cloud, OnlyASpotInstanceCanBeTakenBack) {
  Scene scene = healthy_scene();
  EXPECT_EQ(result_of(scene, "cloud.spot-ends", kNodeSubject), kPass);
  scene.node.cloud.facts.life_cycle = "capacity-block";
  EXPECT_EQ(result_of(scene, "cloud.spot-ends", kNodeSubject), kNotApplicable);
  scene.node.cloud.facts.life_cycle.reset();  // of a service that does not tell it
  EXPECT_EQ(result_of(scene, "cloud.spot-ends", kNodeSubject), kNotApplicable);
  scene.node.cloud.facts.metadata_status = "slow";
  EXPECT_EQ(result_of(scene, "cloud.spot-ends", kNodeSubject), kUnknown);
}

TEST(Cloud, OneEfaInterfaceSharesNoCard) {
  Scene scene = healthy_scene();
  scene.node.rdma.facts.devices.resize(1);
  scene.node.cloud.facts.interfaces.at(0).network_card.reset();
  EXPECT_EQ(result_of(scene, "cloud.card-shared", kNodeSubject), kNotApplicable);
}

TEST(Cloud, AnInterfaceThatAFunctionOnPciMayBeOfIsNotMissing) {
  Scene scene = healthy_scene();
  scene.node.cloud.facts.interfaces.at(3) = efa_only_interface();
  scene.node.rdma.facts.devices.at(3).mac.reset();  // its driver does not say
  EXPECT_EQ(result_of(scene, "cloud.interface-not-on-pci", kNodeSubject), kPass);
  scene.node.cloud.facts.interfaces.push_back(efa_only_interface());
  scene.node.cloud.facts.interfaces.back().mac = "06:00:00:00:00:98";
  const std::vector<Finding> findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, "cloud.interface-not-on-pci", kNodeSubject);
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->result, kFail);
  EXPECT_TRUE(finding->message.starts_with("1 of eni-")) << "which of them is not known";
}

TEST(Cloud, AnInterfaceThatIsBeingAttachedIsNotMissing) {
  Scene scene = healthy_scene();
  const size_t addressed = scene.node.cloud.facts.interfaces.size();
  scene.node.cloud.facts.interfaces.push_back(efa_only_interface());
  scene.node.pci.facts.ena.resize(addressed);
  EXPECT_EQ(result_of(scene, "cloud.interface-not-on-pci", kNodeSubject), kFail);
  scene.node.pci.facts.ena.resize(addressed + 1);
  EXPECT_EQ(result_of(scene, "cloud.interface-not-on-pci", kNodeSubject), kPass);
}

TEST(Cloud, AnInterfaceWithAnAddressOfEitherKindIsNoEfaForCertain) {
  Scene scene = healthy_scene();
  CloudInterface other = efa_only_interface();
  other.has_ipv6 = true;
  scene.node.cloud.facts.interfaces.push_back(other);
  EXPECT_EQ(result_of(scene, "cloud.interface-not-on-pci", kNodeSubject), kPass);
  scene.node.cloud.facts.interfaces.back().has_ipv6.reset();  // not asked for
  EXPECT_EQ(result_of(scene, "cloud.interface-not-on-pci", kNodeSubject), kPass);
  scene.node.cloud.facts.interfaces.back() = efa_only_interface();
  scene.node.cloud.facts.interfaces.back().interface_id.reset();  // going away
  EXPECT_EQ(result_of(scene, "cloud.interface-not-on-pci", kNodeSubject), kPass);
}

TEST(Cloud, AMissingDeviceIsTheRootOfAllThatAreMissing) {
  Scene scene = healthy_scene(0);
  scene.expectation.expected = true;
  scene.node.cloud.facts.metadata_status = "ok";
  scene.node.cloud.facts.interfaces = {efa_only_interface()};
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.root_causes, std::vector<std::string>{"cloud.interface-not-on-pci"});
  EXPECT_NE(diagnosis.summary.find("eni-0123456789abcde99 on network card 4"), std::string::npos)
      << diagnosis.summary;
}

TEST(Cloud, WhatWasNotToldWeighsNothing) {
  Scene scene = healthy_scene();
  scene.node.cloud.facts.metadata_status = "absent";
  EXPECT_EQ(result_of(scene, "cloud.interface-not-on-pci", kNodeSubject), kUnknown);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
}

TEST(Cloud, WhoIsInWhichVpcIsSaid) {
  Scene scene = healthy_scene();
  scene.node.cloud.facts.interfaces.at(3).vpc_id = "vpc-other";
  const std::vector<Finding> findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, "cloud.several-vpcs", kNodeSubject);
  EXPECT_NE(finding->message.find("vpc-other (06:00:00:00:00:03)"), std::string::npos)
      << finding->message;
}

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

TEST(Log, ACrashIsTheCauseOfWhatHangsBehindIt) {
  Scene scene = healthy_scene();
  crash(scene);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kUnhealthy);
  hang(scene, 0);
  scene.pci(1).driver.reset();
  lose_rdma(scene, 1);
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.root_causes, std::vector<std::string>{"log.driver-crash"});
  EXPECT_EQ(diagnosis.summary,
            "0 of 4 EFA devices work: the kernel crashed in efa_destroy_cq of the efa driver or "
            "below: Oops: 0000 "
            "[#1] PREEMPT SMP NOPTI");
}

std::string remedy_of_crash(const Scene& scene) {
  const auto findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, "log.driver-crash", kNodeSubject);
  EXPECT_EQ(finding->result, kFail);
  EXPECT_EQ(finding->check->actor, Actor::kNodeOperator);
  return std::string(finding->check->remedy);
}

TEST(Log, TheRemedyOfACrashIsThatOfItsBug) {
  Scene scene = healthy_scene();
  crash(scene);
  EXPECT_EQ(remedy_of_crash(scene).find("3.3.1"), std::string::npos) << "3.1.0 has another bug";
  scene.node.kernel.facts.efa_version = "3.3.0g";
  EXPECT_NE(remedy_of_crash(scene).find("3.3.1"), std::string::npos);
  DriverTrace& trace = scene.node.log.facts.traces.at(0);
  trace.function = "efa_probe";
  EXPECT_EQ(remedy_of_crash(scene).find("3.3.1"), std::string::npos);
  trace.at_start = true;
  EXPECT_EQ(remedy_of_crash(scene).find("MLNX_OFED"), std::string::npos) << "there is none";
  scene.node.kernel.facts.ofed = "/usr/src/ofa_kernel";
  EXPECT_NE(remedy_of_crash(scene).find("MLNX_OFED"), std::string::npos);
}

// amzn-drivers#308
TEST(Log, AWarningIsToldWhereADeviceWasNotStarted) {
  Scene scene = healthy_scene();
  DriverTrace warning{7, false, "WARNING: CPU: 1 PID: 2 at device.c:650", "efa_remove_device",
                      true};
  scene.node.log.facts.traces = {warning};
  scene.node.kernel.facts.ofed = "/usr/src/ofa_kernel";
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kPass) << "all have a driver";
  scene.pci(0).driver.reset();
  lose_rdma(scene, 0);
  EXPECT_NE(remedy_of_crash(scene).find("MLNX_OFED"), std::string::npos);
  EXPECT_EQ(diagnose(scene).root_causes, std::vector<std::string>{"log.driver-crash"});
  scene.node.log.facts.traces.at(0).at_start = false;
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kPass);
}

TEST(Log, ACrashStaysUntilTheNextBoot) {
  Scene scene = healthy_scene();
  scene.node.kernel.facts.taint = "12416";
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kPass) << "of another module";
  scene.expectation.past.failing = {{"log.driver-crash", kNodeSubject}};
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kFail);
  scene.node.kernel.facts.taint = "12288";
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kPass);
}

TEST(Log, ACrashThatTheLogHasLostMayHaveBeenOfTheDriver) {
  Scene scene = healthy_scene();
  LogFacts& log = scene.node.log.facts;
  log.lost_oldest = true;
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kPass) << "there was none";
  scene.node.kernel.facts.taint = "12416";
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kUnknown);
  log.has_first_crash = true;
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kPass) << "of another module";
  log.has_first_crash = false;
  scene.expectation.past.failing = {{"log.driver-crash", kNodeSubject}};
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kFail);
}

TEST(Log, WithoutTheLogAKernelThatNeverCrashedIsWell) {
  Scene scene = healthy_scene();
  silence(scene.node.log, ProbeStatus::kDenied);
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kPass);
  scene.node.kernel.facts.taint.reset();
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kUnknown);
  scene.node.live = false;
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kNotApplicable);
}

TEST(Cloud, TheInterfaceThatIsApartIsNamed) {
  Scene scene = healthy_scene();
  auto& interfaces = scene.node.cloud.facts.interfaces;
  interfaces.at(2).security_group_ids = {"sg-a", "sg-b"};
  const auto message = [&] {
    const auto findings = judge_all(scene.node, scene.expectation);
    return finding_of(findings, "cloud.no-common-security-group", kNodeSubject)->message;
  };
  EXPECT_EQ(message(),
            "not in sg-0123456789abcdef0, the security group of the 3 other EFA "
            "devices: " +
                device(2) + " (sg-a sg-b)");
  interfaces.at(3).security_group_ids = {"sg-c"};
  EXPECT_EQ(message(), "the 4 EFA devices have no security group in common") << "no group has most";
}

// F01, F02: the most frequent failure of all is not seen from here.
TEST(Cloud, ThatTheRulesOfAGroupWereNotSeenIsSaid) {
  const Scene scene = healthy_scene();
  const auto findings = judge_all(scene.node, scene.expectation);
  EXPECT_EQ(finding_of(findings, "cloud.no-common-security-group", kNodeSubject)->message,
            "all EFA devices are in sg-0123456789abcdef0; what its rules allow the metadata does "
            "not tell");
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
