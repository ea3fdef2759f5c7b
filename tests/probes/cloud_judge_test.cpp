// What is said of AWS's own words: the instance's metadata and its interfaces.

#include <gtest/gtest.h>

#include "probes/judging/remedy.h"
#include "tests/support/check_case.h"

namespace efa {
namespace {

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
Change expect_nothing_of(int maximum, bool rails = false) {
  return [=](Scene& scene) {
    scene.expectation.expected = false;
    scene.expectation.maximum = maximum;
    scene.expectation.rails = rails;
    scene.node.pci.facts.efa.clear();
  };
}

Change expect_nothing_and_see_nothing(int maximum, bool rails = false) {
  return [=](Scene& scene) {
    expect_nothing_of(maximum, rails)(scene);
    silence(scene.node.pci, ProbeStatus::kTimedOut);
  };
}

}  // namespace

CheckCases cloud_cases() {
  return {
      {"cloud.metadata-unreachable", kFail, kNodeSubject,
       [](Scene& s) { s.node.cloud.facts.metadata_status = MetadataStatus::kSlow; }},
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
      {"cloud.rails-unused", kFail, kNodeSubject, expect_nothing_of(4, true)},
      {"cloud.rails-unused", kUnknown, kNodeSubject, expect_nothing_and_see_nothing(4, true)},
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
  scene.node.cloud.facts.region = "us-east-1";
  scene.node.cloud.facts.interfaces.at(2).security_group_ids.emplace_back("sg-other");
  const std::vector<Finding> findings = judge_all(scene.node, scene.expectation);
  const Finding& rules = rules_finding(findings);
  EXPECT_EQ(rules.result, kUnknown);
  EXPECT_EQ(command_of(rules),
            "aws ec2 describe-security-group-rules --region us-east-1 --filters "
            "Name=group-id,Values=sg-0123456789abcdef0,sg-other");
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy) << "a word, no alarm";
}

TEST(Cloud, RulesAreSaidToBeUnseenAlsoWhereTheGroupsAre) {
  Scene scene = healthy_scene();
  scene.node.cloud.facts.metadata_status = MetadataStatus::kSlow;  // hop limit 1
  scene.node.cloud.facts.interfaces.clear();
  const std::vector<Finding> findings = judge_all(scene.node, scene.expectation);
  const Finding* rules = finding_of(findings, "cloud.rules-not-seen", kNodeSubject);
  ASSERT_NE(rules, nullptr);
  EXPECT_EQ(rules->result, kUnknown);
  EXPECT_EQ(rules->message,
            "whether the node's security groups let EFA through was not seen: rules need the EC2 "
            "API (efa-doctor account)");
  EXPECT_EQ(command_of(*rules), "");
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
}

// F39, F41, F68, F69.
TEST(Cloud, WhatOnlyAwsAndPeersTellIsSaidToBeUnseen) {
  constexpr const char* kCode = "cloud.not-seen-from-here";
  Scene scene = healthy_scene();
  const std::vector<Finding> findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, kCode, kNodeSubject);
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->result, kUnknown);
  EXPECT_EQ(finding->check->severity, Severity::kInfo);
  for (const char* word : {"zone", "type", "versions", "tenancy", "placement"}) {
    EXPECT_NE(finding->message.find(word), std::string::npos) << word;
  }
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy) << "a word, no alarm";
  scene.node.live = false;
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kNothing) << "a sysroot";
  Scene without = healthy_scene(0);
  EXPECT_EQ(result_of(without, kCode, kNodeSubject), kNothing) << "no EFA is there";
}

TEST(Cloud, MetadataThatAnswersNotEverythingNeedsNotBeEnabled) {
  Scene scene = healthy_scene();
  CloudFacts& facts = scene.node.cloud.facts;
  facts.instance_type_source = "dmi";
  for (const MetadataStatus status : {MetadataStatus::kThrottled, MetadataStatus::kFailing}) {
    facts.metadata_status = status;
    EXPECT_EQ(result_of(scene, "cloud.metadata-unreachable", kNodeSubject), kUnknown)
        << word_of(status);
  }
  facts.metadata_status = MetadataStatus::kSlow;
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
  scene.node.cloud.facts.metadata_status = MetadataStatus::kSlow;
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

TEST(Cloud, OneLostDeviceIsNotWhyTheOthersWereNeverThere) {
  Scene scene = healthy_scene(0);
  scene.expectation.expected = true;
  scene.expectation.exactly = 4;
  scene.node.cloud.facts.metadata_status = MetadataStatus::kOk;
  scene.node.cloud.facts.interfaces = {efa_only_interface()};
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(cause_of(diagnosis, "pci.none-found", kNodeSubject), "cloud.interface-not-on-pci");
  EXPECT_EQ(cause_of(diagnosis, "pci.fewer-than-expected", kNodeSubject), "")
      << "three were never attached";
  scene.expectation.exactly = 1;
  EXPECT_EQ(cause_of(diagnose(scene), "pci.fewer-than-expected", kNodeSubject),
            "cloud.interface-not-on-pci");
}

// Of an efa-only interface: AWS lists it still.
TEST(Cloud, ADeviceThatVanishedIsWhyItsInterfaceHasNone) {
  Scene scene = healthy_scene();
  scene.expectation.exactly = 5;
  scene.expectation.past.devices = {address(9)};
  scene.node.cloud.facts.interfaces.push_back(efa_only_interface());
  EXPECT_EQ(cause_of(diagnose(scene), "cloud.interface-not-on-pci", kNodeSubject),
            "pci.device-vanished");
  scene.node.cloud.facts.interfaces.push_back(efa_only_interface());
  scene.node.cloud.facts.interfaces.back().mac = "06:00:00:00:00:98";
  EXPECT_EQ(cause_of(diagnose(scene), "cloud.interface-not-on-pci", kNodeSubject), "")
      << "two interfaces, one that vanished";
}

TEST(Cloud, AMissingDeviceIsTheRootOfAllThatAreMissing) {
  Scene scene = healthy_scene(0);
  scene.expectation.expected = true;
  scene.node.cloud.facts.metadata_status = MetadataStatus::kOk;
  scene.node.cloud.facts.interfaces = {efa_only_interface()};
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.root_causes, std::vector<std::string>{"cloud.interface-not-on-pci"});
  EXPECT_NE(diagnosis.summary.find("eni-0123456789abcde99 on network card 4"), std::string::npos)
      << diagnosis.summary;
}

TEST(Cloud, WhatWasNotToldWeighsNothing) {
  Scene scene = healthy_scene();
  scene.node.cloud.facts.metadata_status = MetadataStatus::kAbsent;
  EXPECT_EQ(result_of(scene, "cloud.interface-not-on-pci", kNodeSubject), kUnknown);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
}

// The EC2 User Guide asks for one zone and one VPC, since 2023 no more for one subnet.
TEST(Cloud, SubnetsOfOneVpcMayDiffer) {
  Scene scene = healthy_scene();
  scene.node.cloud.facts.interfaces.at(3).subnet_id = "subnet-other";
  for (const Finding& finding : judge_all(scene.node, scene.expectation)) {
    EXPECT_NE(finding.result, kFail) << finding.check->code;
  }
  EXPECT_EQ(result_of(scene, "cloud.several-vpcs", kNodeSubject), kPass);
}

TEST(Cloud, WhoIsInWhichVpcIsSaid) {
  Scene scene = healthy_scene();
  scene.node.cloud.facts.interfaces.at(3).vpc_id = "vpc-other";
  const std::vector<Finding> findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, "cloud.several-vpcs", kNodeSubject);
  EXPECT_NE(finding->message.find("vpc-other (06:00:00:00:00:03)"), std::string::npos)
      << finding->message;
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

// A group belongs to a VPC, so devices of two cannot share one; those of one VPC can.
TEST(Cloud, ASecondVpcExplainsOnlyTheGroupsOfWhatIsInIt) {
  const auto cause = [](const char* groups_of_0) {
    Scene scene = healthy_scene();
    CloudInterface& other = scene.node.cloud.facts.interfaces.at(3);
    other.vpc_id = "vpc-other";
    other.security_group_ids = {"sg-of-the-other"};
    scene.node.cloud.facts.interfaces.at(0).security_group_ids = {groups_of_0};
    return cause_of(diagnose(scene), "cloud.no-common-security-group", kNodeSubject);
  };
  Scene healthy = healthy_scene();
  const std::string common = healthy.node.cloud.facts.interfaces.at(1).security_group_ids.at(0);
  EXPECT_EQ(cause(common.c_str()), "cloud.several-vpcs");
  EXPECT_EQ(cause("sg-apart"), "");
}

}  // namespace
}  // namespace efa
