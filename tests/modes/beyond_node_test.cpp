// The known ways in which EFA fails that efa-doctor account, pair and mesh see: each is made in a
// fleet, a template, a pair or a mesh of nodes (synthetic), and found there, and nothing else.
// `unit-tests --gtest_filter=ModesBeyondNode.*` prints them: mode, check, scenario, found.

#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <map>
#include <set>

#include "agent/mesh/judge.h"
#include "agent/pair/judge.h"
#include "probes/account/checks.h"
#include "probes/judging/modes.h"
#include "tests/modes/of_node.h"
#include "tests/support/account_fleet.h"
#include "tests/support/pair_parts.h"
#include "tests/support/played_mesh.h"
#include "tests/support/template_fleet.h"

namespace efa {
namespace {

using Look = std::function<std::vector<Finding>()>;
using Key = std::pair<std::string, std::string>;  // mode, check

std::vector<Finding> judged(const AccountFacts& facts) {
  Findings findings;
  judge_account(facts, {}, findings);
  return findings.take();
}

// Three instances of two EFA interfaces, all in one group that refers to itself.
Look fleet(const std::function<void(AccountFacts&)>& change) {
  return [=] {
    AccountFacts facts = fleet_of(
        "a in all a, a out all a, a out all 0.0.0.0/0, b in all b, b out all b, "
        "ip out all 0.0.0.0/0",
        "i1: a a, i2: a a, i3: a a");
    facts.types = {{"hpc7a.96xlarge", true, 2, 2}};
    for (AccountInstance& one : facts.instances) one.type = "hpc7a.96xlarge";
    change(facts);
    return judged(facts);
  };
}

void drop_outbound_rule(AccountFacts& facts) {
  std::erase_if(facts.groups.at(0).rules,
                [](const AccountRule& rule) { return rule.egress && rule.peer; });
}

void drop_inbound_rule(AccountFacts& facts) {
  std::erase_if(facts.groups.at(0).rules, [](const AccountRule& rule) { return !rule.egress; });
}

void put_last_into_another_group(AccountFacts& facts) {
  for (size_t i : {1U, 2U}) facts.instances.back().interfaces.at(i).groups->at(0) = "sg-b";
}

void put_last_into_another_zone(AccountFacts& facts) {
  facts.instances.back().zone = "eu-west-1b";
}

void put_last_onto_dedicated_hardware(AccountFacts& facts) {
  facts.types.push_back({"m7g.16xlarge", true, 1, 1});
  AccountInstance& last = facts.instances.back();
  last.type = "m7g.16xlarge";
  last.tenancy = "dedicated";
  last.interfaces.pop_back();  // it can have one
}

constexpr const char* kStack = R"(
Resources:
  Vpc: {Type: 'AWS::EC2::VPC'}
  Subnet:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Vpc, AvailabilityZone: us-east-1a}
  A: {Type: 'AWS::EC2::SecurityGroup', Properties: {VpcId: !Ref Vpc}}
  In:
    Type: AWS::EC2::SecurityGroupIngress
    Properties: {GroupId: !Ref A, IpProtocol: -1, SourceSecurityGroupId: !Ref A}
  Out:
    Type: AWS::EC2::SecurityGroupEgress
    Properties: {GroupId: !Ref A, IpProtocol: -1, DestinationSecurityGroupId: !Ref A}
  Nodes:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateData:
        InstanceType: hpc7a.96xlarge
        IamInstanceProfile: {Name: nodes}
        NetworkInterfaces:
          - {DeviceIndex: 0, NetworkCardIndex: 0, InterfaceType: efa, Groups: [!Ref A]}
          - {DeviceIndex: 1, NetworkCardIndex: 1, InterfaceType: efa, Groups: [!Ref A]}
  Fleet:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties:
      VPCZoneIdentifier: [!Ref Subnet]
      LaunchTemplate: {LaunchTemplateId: !Ref Nodes, Version: '1'}
)";

Look stack(const std::string& words = "", const std::string& instead = "") {
  return [=] {
    std::string text = kStack;
    const size_t at = text.find(words);
    EXPECT_NE(at, std::string::npos) << words;
    if (at != std::string::npos) text.replace(at, words.size(), instead);
    return judged(facts_of_text(text));
  };
}

struct TwoNodes {
  PairHello own;
  PairHello other;
  PairRail rail;
};

Look pair_of_nodes(const std::function<void(TwoNodes&)>& change) {
  return [=] {
    TwoNodes two;
    two.own = two.other = node_in("use1-az1", "vpc-1", "sg-1");
    two.own.driver = two.other.driver = "3.1.0";
    two.rail.own = two.rail.other = device_at(0);
    two.rail.passed = 12;
    change(two);
    std::vector<Finding> findings = judge_places(two.own, two.other);
    if (!stops(findings)) findings.push_back(judge_rail(two.rail, {two.own, two.other}));
    return findings;
  };
}

void put_into_another_zone(TwoNodes& two) {
  two.other.zone_id = "use1-az2";
}

void be_another_type(TwoNodes& two) {
  two.other.instance_type = "p4d.24xlarge";
}

void share_no_group(TwoNodes& two) {
  two.other = node_in("use1-az1", "vpc-1", "sg-2");
  two.rail = rail_broken(PairStep::kSend, sent(15));
}

void have_an_older_driver(TwoNodes& two) {
  two.other.driver = "2.8.0";
  two.rail = rail_broken(PairStep::kSend, sent(18));
}

// 50 nodes tell one thing, 14 the other; those who differ do not reach each other.
Look mesh_of_nodes(MeshAttribute attribute, const std::string& one, const std::string& other,
                   const char* code = "") {
  return [=] {
    constexpr int kFirstOther = 50;
    MeshFacts mesh = nodes_of(64);
    for (int rank = 0; rank < 64; ++rank) {
      tell(mesh, rank, attribute, rank < kFirstOther ? one : other);
    }
    play(mesh, 1, [&](int a, int b) {
      const bool differ = one != other && (a < kFirstOther) != (b < kFirstOther);
      return differ ? fails_by(code) : works_at();
    });
    return judge_mesh(mesh).findings;
  };
}

std::map<Key, Look> all_cases() {
  return {
      {{"F01", "account.security-group-no-egress"}, fleet(drop_outbound_rule)},
      {{"F02", "account.security-group-no-ingress"}, fleet(drop_inbound_rule)},
      {{"F03", "account.security-group-differs"}, fleet(put_last_into_another_group)},
      {{"F03", "pair.no-common-group"}, pair_of_nodes(share_no_group)},
      {{"F03", "mesh.split-by-place"},
       mesh_of_nodes(MeshAttribute::kGroups, "sg-1", "sg-2", "pair.no-common-group")},
      {{"F39", "account.zone-differs"}, fleet(put_last_into_another_zone)},
      {{"F39", "pair.zone-differs"}, pair_of_nodes(put_into_another_zone)},
      {{"F39", "mesh.split-by-place"},
       mesh_of_nodes(MeshAttribute::kZone, "use1-az1", "use1-az2", "pair.zone-differs")},
      {{"F41", "pair.types-incompatible"}, pair_of_nodes(be_another_type)},
      {{"F41", "mesh.split-by-place"},
       mesh_of_nodes(MeshAttribute::kType, "p5.48xlarge", "p4d.24xlarge",
                     "pair.types-incompatible")},
      {{"F64", "account.template-invalid"},
       stack("InstanceType: hpc7a.96xlarge",
             "InstanceType: hpc7a.96xlarge\n        SecurityGroupIds: [!Ref A]")},
      {{"F65", "account.interface-layout"}, stack("NetworkCardIndex: 1", "NetworkCardIndex: 0")},
      {{"F66", "account.interface-layout"}, stack("InterfaceType: efa", "InterfaceType: efa-only")},
      {{"F68", "account.tenancy"}, fleet(put_last_onto_dedicated_hardware)},
      {{"F69", "pair.version-mismatch"}, pair_of_nodes(have_an_older_driver)},
      {{"F69", "mesh.split-by-software"},
       mesh_of_nodes(MeshAttribute::kDriver, "3.1.0", "2.8.0", "pair.version-mismatch")},
  };
}

// Codes of what fails above info.
std::set<std::string> faults_of(const std::vector<Finding>& findings) {
  std::set<std::string> codes;
  for (const Finding& finding : findings) {
    const bool fails = finding.result == FindingResult::kFail;
    if (fails && finding.check->severity != Severity::kInfo) codes.emplace(finding.check->code);
  }
  return codes;
}

TEST(ModesBeyondNode, EachHasACaseForEachCheckThatSeesIt) {
  std::set<Key> named;
  for (const Mode& mode : all_modes()) {
    for (const Sighting& sighting : mode.sightings()) {
      if (!is_of_node(sighting)) named.emplace(mode.id, sighting.check);
    }
  }
  std::set<Key> made;
  for (const auto& [key, look] : all_cases()) made.insert(key);
  EXPECT_EQ(made, named);
}

// So that what is found in one is what was made there.
TEST(ModesBeyondNode, UnchangedOnesSayNothing) {
  const std::pair<const char*, Look> unchanged[] = {
      {"fleet", fleet([](AccountFacts& /*as it is*/) {})},
      {"template", stack()},
      {"pair", pair_of_nodes([](TwoNodes& /*as they are*/) {})},
      {"mesh", mesh_of_nodes(MeshAttribute::kZone, "use1-az1", "use1-az1")},
  };
  for (const auto& [name, look] : unchanged) {
    EXPECT_EQ(faults_of(look()), std::set<std::string>()) << name;
  }
}

TEST(ModesBeyondNode, EachIsFoundAndNothingElse) {
  const std::map<Key, Look> cases = all_cases();
  for (const Mode& mode : all_modes()) {
    for (const Sighting& sighting : mode.sightings()) {
      const auto made = cases.find({std::string(mode.id), std::string(sighting.check)});
      if (made == cases.end()) continue;
      const std::set<std::string> faults = faults_of(made->second());
      EXPECT_EQ(faults, std::set<std::string>{std::string(sighting.check)}) << mode.id;
      std::printf("%s, %s, %s: %s\n", made->first.first.c_str(), made->first.second.c_str(),
                  std::string(sighting.scenario).c_str(),
                  faults.contains(made->first.second) ? "found" : "missed");
    }
  }
}

}  // namespace
}  // namespace efa
