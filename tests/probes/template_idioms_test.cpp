// What each way of writing security groups gives (as CDK 2.276.0 synthesises it, or by hand):
// whether EFA gets in and out of nodes that hold the group A, and others that hold B.

#include <gtest/gtest.h>

#include "probes/base/text.h"
#include "tests/support/template_fleet.h"

namespace efa {
namespace {

constexpr const char* kEverywhere = "{IpProtocol: '-1', CidrIp: 0.0.0.0/0}";

std::string group(const std::string& name, const std::string& more = "") {
  return "  " + name + ": {Type: 'AWS::EC2::SecurityGroup', Properties: {VpcId: !Ref Vpc" +
         (more.empty() ? "" : ", " + more) + "}}\n";
}

// One with AWS's rule to everywhere written down, as CDK does by default.
std::string open_group(const std::string& name) {
  return group(name, std::string("SecurityGroupEgress: [") + kEverywhere + "]");
}

// "A in B": a rule of A for all protocols from B. A word of several is a value as it is written.
std::string rule(const std::string& text, const std::string& protocol = "'-1'",
                 const std::string& more = "") {
  static int number = 0;
  const std::vector<std::string> parts = words(text);
  const bool out = parts[1] == "out";
  const auto id = [](const std::string& name) {
    return name.size() == 1 ? "!GetAtt " + name + ".GroupId" : name;
  };
  return "  Rule" + std::to_string(++number) + ": {Type: 'AWS::EC2::SecurityGroup" +
         (out ? "Egress" : "Ingress") + "', Properties: {GroupId: " + id(parts[0]) +
         ", IpProtocol: " + protocol + ", " + (out ? "Destination" : "Source") +
         "SecurityGroupId: " + id(parts[2]) + "}" + more + "}\n";
}

std::string fleet(const std::string& name, const std::string& groups) {
  return "  " + name + "T: {Type: 'AWS::EC2::LaunchTemplate', Properties: {LaunchTemplateData: " +
         "{InstanceType: g6.48xlarge, NetworkInterfaces: [{DeviceIndex: 0, InterfaceType: efa" +
         (groups.empty() ? "" : ", Groups: " + groups) + "}]}}}\n  " + name +
         ": {Type: 'AWS::AutoScaling::AutoScalingGroup', Properties: {VPCZoneIdentifier: [!Ref " +
         "Subnet], LaunchTemplate: {LaunchTemplateId: !Ref " + name + "T, Version: '1'}}}\n";
}

struct Idiom {
  const char* name;
  std::string resources;
  std::string wanted;      // of no-ingress, no-egress and undocumented, gravest of all nodes
  std::string words = {};  // in what is said of one of them
  std::string fleets = fleet("Fleet", "[!Ref A]");
};

char gravest(const std::vector<Finding>& findings, const std::string& code) {
  std::string letters;
  for (const Finding& finding : findings) {
    if (finding.check->code == code) letters += "PFU-"[static_cast<size_t>(finding.result)];
  }
  for (const char letter : {'F', 'U', 'P', '-'}) {
    if (letters.find(letter) != std::string::npos) return letter;
  }
  return ' ';
}

const std::string kBoth = fleet("FleetA", "[!Ref A]") + fleet("FleetB", "[!Ref B]");
const std::string kImported = fleet("Fleet", "[!ImportValue net]");
const std::string kVpc = "  Vpc: {Type: 'AWS::EC2::VPC'}\n";

const Idiom kIdioms[] = {
    {"default, both rules", open_group("A") + rule("A in A"), "PF-", "0.0.0.0/0"},
    {"default of AWS, ingress", group("A") + rule("A in A"), "PF-", "0.0.0.0/0"},
    {"default and IPv6",
     group("A",
           "SecurityGroupEgress: [{IpProtocol: '-1', CidrIp: 0.0.0.0/0}, {IpProtocol: '-1', "
           "CidrIpv6: '::/0'}]") +
         rule("A in A"),
     "PF-"},
    {"default, nothing inline",
     group("A") + rule("A in A") +
         "  Out: {Type: 'AWS::EC2::SecurityGroupEgress', Properties: {GroupId: !Ref A, "
         "IpProtocol: -1, CidrIp: 0.0.0.0/0}}\n",
     "PF-"},
    {"default, egress beside it", open_group("A") + rule("A in A") + rule("A out A"), "PPP"},
    {"no other egress", group("A") + rule("A in A") + rule("A out A"), "PPP"},
    {"a number for the protocol", group("A") + rule("A in A", "-1") + rule("A out A", "-1"), "PPP"},
    {"tcp 443 inline",
     group("A",
           "SecurityGroupEgress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: "
           "0.0.0.0/0}]") +
         rule("A in A") + rule("A out A"),
     "PPP"},
    {"IPv6 inline",
     group("A", "SecurityGroupEgress: [{IpProtocol: '-1', CidrIpv6: '::/0'}]") + rule("A in A") +
         rule("A out A"),
     "PPP"},
    {"tcp only", group("A") + rule("A in A", "tcp") + rule("A out A", "tcp"), "FF-"},
    {"egress of nothing",
     group("A",
           "SecurityGroupEgress: [{IpProtocol: icmp, FromPort: 252, ToPort: 86, CidrIp: "
           "255.255.255.255/32}]") +
         rule("A in A"),
     "PF-"},
    {"egress of nothing, no ingress",
     group("A",
           "SecurityGroupEgress: [{IpProtocol: icmp, FromPort: 252, ToPort: 86, CidrIp: "
           "255.255.255.255/32}]"),
     "FF-"},
    {"inline, naming itself",
     group("A",
           "SecurityGroupIngress: [{IpProtocol: '-1', SourceSecurityGroupId: !GetAtt "
           "A.GroupId}], SecurityGroupEgress: [{IpProtocol: '-1', "
           "DestinationSecurityGroupId: !GetAtt A.GroupId}]"),
     "UUU", "AWS refuses the template"},
    {"imported, ingress", rule("!ImportValue_net in !ImportValue_net"), "PUU",
     "import of net is not in the template", kImported},
    {"imported, both rules",
     rule("!ImportValue_net in !ImportValue_net") + rule("!ImportValue_net out !ImportValue_net"),
     "PPP", "", kImported},
    {"imported, no rule", "", "UUU", "import of net is not in the template", kImported},
    {"by id, both rules", rule("sg-12 in sg-12") + rule("sg-12 out sg-12"), "PPP", "",
     fleet("Fleet", "[sg-12]")},
    {"each from and to the other, default",
     open_group("A") + open_group("B") + rule("A in B") + rule("B in A"), "PF-", "", kBoth},
    {"one from the other, default", open_group("A") + open_group("B") + rule("A in B"), "FF-", "",
     kBoth},
    {"each from and to the other, closed",
     group("A") + group("B") + rule("A in B") + rule("A out B") + rule("B in A") + rule("B out A"),
     "PPF", "", kBoth},
    {"all pairs, closed",
     group("A") + group("B") + rule("A in B") + rule("A out B") + rule("B in A") + rule("B out A") +
         rule("A in A") + rule("A out A") + rule("B in B") + rule("B out B"),
     "PPF", "", kBoth},
    {"by a parameter", group("A") + rule("A in A") + rule("A out !Ref_Open"), "PUU",
     "which group Open is, is not known"},
    {"under a condition", group("A") + rule("A in A") + rule("A out A", "'-1'", ", Condition: May"),
     "PUU", "the condition May is not known"},
    {"of a group that depends",
     group("A") + rule("A in A") + rule("!If_[May,!Ref_A,!Ref_B] out A") + group("B"), "PUU",
     "the condition May is not known"},
    {"the default group of its VPC", "", "PF-", "Vpc.DefaultSecurityGroup", fleet("Fleet", "")},
    {"the default group, emptied",
     "  Restrict: {Type: 'Custom::VpcRestrictDefaultSG', Properties: {DefaultSecurityGroupId: "
     "!GetAtt Vpc.DefaultSecurityGroup}}\n",
     "FF-", "", fleet("Fleet", "")},
    {"groups that depend", group("A") + rule("A in A") + rule("A out A"), "UUU",
     "the condition May is not known", fleet("Fleet", "!If [May, [!Ref A], [sg-1]]")},
    {"interfaces that depend", group("A"), "UUU", "the condition May is not known",
     "  FleetT: {Type: 'AWS::EC2::LaunchTemplate', Properties: {LaunchTemplateData: "
     "{InstanceType: g6.48xlarge, NetworkInterfaces: !If [May, [{InterfaceType: efa}], []]}}}\n"},
};

std::string template_of(const Idiom& idiom) {
  std::string text =
      "Parameters: {Open: {Type: String}}\nConditions: {May: !Equals [!Ref Open, x]}\n"
      "Resources:\n" +
      kVpc +
      "  Subnet: {Type: 'AWS::EC2::Subnet', Properties: {VpcId: !Ref Vpc, AvailabilityZone: "
      "us-east-1a}}\n" +
      idiom.resources + idiom.fleets;
  // a value of several words is written as one
  for (const char* word : {"!ImportValue_", "!Ref_", "!If_"}) {
    const std::string joined = word;
    for (size_t at = text.find(joined); at != std::string::npos; at = text.find(joined, at)) {
      text[at + joined.size() - 1] = ' ';
    }
  }
  return text;
}

TEST(TemplateIdioms, LetEfaThroughOrNot) {
  for (const Idiom& idiom : kIdioms) {
    SCOPED_TRACE(idiom.name);
    const AccountFacts facts = facts_of_text(template_of(idiom));
    const std::vector<Finding> findings = judged_template(facts);
    std::string letters;
    for (const char* code :
         {"account.security-group-no-ingress", "account.security-group-no-egress",
          "account.security-group-undocumented"}) {
      letters += gravest(findings, code);
    }
    EXPECT_EQ(letters, idiom.wanted) << template_of(idiom);
    bool said = false;
    for (const Finding& finding : findings) {
      said = said || finding.message.find(idiom.words) != std::string::npos;
    }
    EXPECT_TRUE(said) << idiom.words;
  }
}

// CDK's short form fails, and is healed by the rule that it dropped.
TEST(TemplateIdioms, TheRuleThatCdkDropsHealsIt) {
  const auto exit_with = [](const std::string& more) {
    const Idiom idiom{"", open_group("A") + rule("A in A") + more, ""};
    std::vector<Finding> findings = judged_template(facts_of_text(template_of(idiom)));
    std::erase_if(findings, [](const Finding& finding) {
      return !finding.check->code.starts_with("account.security-group-");
    });
    return exit_of(findings);
  };
  EXPECT_EQ(exit_with(""), 2);
  EXPECT_EQ(exit_with(rule("A out A")), 0);
}

}  // namespace
}  // namespace efa
