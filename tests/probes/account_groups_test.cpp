// What security groups let through, in layouts as people and tools make them. No node of these is
// recorded: rules and interfaces are written as words.

#include <gtest/gtest.h>

#include <map>

#include "probes/account/group_checks.h"
#include "probes/base/text.h"
#include "probes/judging/findings.h"
#include "probes/judging/remedy.h"
#include "tests/support/account_fleet.h"

namespace efa {
namespace {

struct Layout {
  const char* name;
  std::string rules;
  std::string fleet;
  // of each instance alike, unless it is named: "in out undocumented differs protocol"
  std::map<std::string, std::string> wanted;
  void (*change)(AccountFacts&) = nullptr;
};

char letter_of(FindingResult result) {
  switch (result) {
    case FindingResult::kPass:
      return 'P';
    case FindingResult::kFail:
      return 'F';
    case FindingResult::kUnknown:
      return 'U';
    default:
      return '-';
  }
}

std::map<std::string, std::string> judged(const AccountFacts& facts) {
  Findings findings;
  judge_account_groups(facts, findings);
  std::map<std::string, std::string> letters;
  for (const Check* check : kAccountGroupChecks) {
    for (const Finding& finding : findings.all()) {
      if (finding.check->code == check->code) letters[finding.subject] += letter_of(finding.result);
    }
  }
  return letters;
}

// The letters are of no-ingress, no-egress, undocumented, differs and protocol: P pass, F fail,
// U unknown, - not applicable.
const Layout kLayouts[] = {
    {"refers to itself",
     "a in all a, a out all a",
     "i1: a, i2: a",
     {{"i1", "PPPPP"}, {"i2", "PPPPP"}}},
    {"of one instance", "a in all a, a out all a", "i1: a", {{"i1", "PPP-P"}}},
    {"as CDK makes it",
     "a in all a, a out all 0.0.0.0/0",
     "i1: a, i2: a",
     {{"i1", "PF---"}, {"i2", "PF---"}}},
    {"IPv6 too", "a in all a, a out all 0.0.0.0/0, a out all ::/0", "i1: a", {{"i1", "PF---"}}},
    {"outbound alone", "a out all a", "i1: a", {{"i1", "FP---"}}},
    {"open to all addresses",
     "a in all 0.0.0.0/0, a out all 0.0.0.0/0",
     "i1: a",
     {{"i1", "FF---"}}},
    {"the VPC's own range",
     "a in all 10.0.0.0/8, a out all 10.0.0.0/8",
     "i1: a, i2: a",
     {{"i1", "FF---"}, {"i2", "FF---"}}},
    {"a prefix list", "a in all pl-1, a out all pl-1", "i1: a", {{"i1", "FF---"}}},
    {"no rules", "a", "i1: a", {{"i1", "FF---"}}},
    {"TCP alone", "a in tcp:0-65535 a, a out tcp:0-65535 a", "i1: a", {{"i1", "FF--F"}}},
    {"UDP out", "a in all a, a out udp a", "i1: a", {{"i1", "PF--F"}}},
    {"one port", "a in tcp:22 a, a out all a", "i1: a", {{"i1", "FP--F"}}},
    {"all and TCP",
     "a in all a, a in tcp:22 a, a out all a, a out all 0.0.0.0/0",
     "i1: a",
     {{"i1", "PPP-P"}}},
    {"split over two groups",
     "a in all a, b out all b",
     "i1: a+b, i2: a+b",
     {{"i1", "PPFPP"}, {"i2", "PPFPP"}}},
    {"a second one for IP",
     "a in all a, a out all a, b out all 0.0.0.0/0, b in tcp:22 0.0.0.0/0",
     "i1: a+b, i2: a+b",
     {{"i1", "PPPPP"}, {"i2", "PPPPP"}}},
    {"by the peers' group",
     "a in all b, a out all b, b in all a, b out all a",
     "i1: a, i2: b",
     {{"i1", "PPFPP"}, {"i2", "PPFPP"}}},
    {"by the peers' group, who has its own rules",
     "a in all b, a out all b, b in all a, b out all a, b in all b, b out all b",
     "i1: a, i2: b, i3: b",
     {{"i1", "PPFPP"}, {"i2", "PPPPP"}, {"i3", "PPPPP"}}},
    {"by the peers' group, two in one",
     "a in all b, a out all b, b in all a, b out all a",
     "i1: a, i2: a, i3: b",
     {{"i1", "PPPFP"}, {"i2", "PPPFP"}, {"i3", "PPFPP"}}},
    {"the peers were not asked for", "a in all b, a out all b", "i1: a", {{"i1", "UUU-U"}}},
    {"a group of another account, over peering",
     "a in all b@2222/pcx, a out all b@2222/pcx",
     "i1: a",
     {{"i1", "FF---"}}},
    {"two fleets' groups",
     "a in all a, a out all a, b in all b, b out all b",
     "i1: a, i2: a, i3: b",
     {{"i1", "PPPPP"}, {"i2", "PPPPP"}, {"i3", "PPPFP"}}},
    {"two interfaces of different groups",
     "a in all a, a out all a, b in all b, b out all b",
     "i1: a b",
     {{"i1", "PPPFP"}}},
    {"one without rules among others",
     "a in all a, a out all a, b out all 0.0.0.0/0",
     "i1: a, i2: a, i3: b",
     {{"i1", "PPPPP"}, {"i2", "PPPPP"}, {"i3", "FF-F-"}}},
    {"a part of the rules",
     "a in all a, a out all 0.0.0.0/0",
     "i1: a",
     {{"i1", "PUU-U"}},
     [](AccountFacts& facts) {
       facts.groups.at(0).complete = false;
       facts.sections.at(1).status = SectionStatus::kPartial;
     }},
    {"a part of the rules, which are enough",
     "a in all a, a out all a",
     "i1: a",
     {{"i1", "PPP-P"}},
     [](AccountFacts& facts) { facts.groups.at(0).complete = false; }},
    {"rules denied",
     "a in all a, a out all a",
     "i1: a, i2: a",
     {{"i1", "UUUUU"}, {"i2", "UUUUU"}},
     [](AccountFacts& facts) {
       facts.groups.clear();
       facts.sections.at(1).status = SectionStatus::kDenied;
     }},
    {"a group that is gone",
     "a",
     "i1: a",
     {{"i1", "UUU-U"}},
     [](AccountFacts& facts) { facts.groups.at(0).exists = false; }},
    {"groups not told",
     "a in all a, a out all a",
     "i1: a",
     {{"i1", "UUUUU"}},
     [](AccountFacts& facts) { facts.instances.at(0).interfaces.at(1).groups.reset(); }},
    {"types not told",
     "a in all a, a out all a",
     "i1: a",
     {{"i1", "UUUUU"}},
     [](AccountFacts& facts) {
       for (auto& interface : facts.instances.at(0).interfaces) interface.type.reset();
     }},
    {"a part of the instances",
     "a in all a, a out all a",
     "i1: a, i2: a",
     {{"i1", "PPPUP"}, {"i2", "PPPUP"}},
     [](AccountFacts& facts) { facts.sections.at(0).status = SectionStatus::kPartial; }},
    {"without EFA", "a in all a", "i1: -, i2: a", {{"i1", "-----"}, {"i2", "PF---"}}},
};

TEST(AccountGroups, EveryLayoutIsJudgedAsItIs) {
  for (const Layout& layout : kLayouts) {
    AccountFacts facts = fleet_of(layout.rules, layout.fleet);
    if (layout.change != nullptr) layout.change(facts);
    EXPECT_EQ(judged(facts), layout.wanted) << layout.name;
  }
}

TEST(AccountGroups, TheRuleThatLooksEnoughIsNamedAndTheOneToAddPrinted) {
  const AccountFacts facts = fleet_of("a in all a, a out all 0.0.0.0/0", "i1: a a a, i2: a");
  Findings findings;
  judge_account_groups(facts, findings);
  const Finding& finding = findings.all().at(1);
  EXPECT_EQ(finding.check->code, "account.security-group-no-egress");
  EXPECT_EQ(finding.message,
            "3 EFA interfaces in sg-a: no outbound rule for all protocols to the group itself; the "
            "one to 0.0.0.0/0 does not let EFA through");
  EXPECT_EQ(finding.evidence.observed, "sg-a: all to 0.0.0.0/0");
  EXPECT_EQ(finding.evidence.expected, "all to sg-a");
  EXPECT_EQ(command_of(finding),
            "aws ec2 authorize-security-group-egress --region eu-west-1 --group-id sg-a "
            "--ip-permissions \"IpProtocol=-1,UserIdGroupPairs=[{GroupId=sg-a}]\"");
}

TEST(AccountGroups, TheRulePrintedHeals) {
  for (const char* rules : {"a in all a, a out all 0.0.0.0/0, b", "b out all b, b in tcp b, a",
                            "a, b", "a in all a, b out all 0.0.0.0/0"}) {
    std::string healed = rules;
    const std::string fleet = "i1: a+b, i2: a+b";
    for (int step = 0; step < 2; ++step) {
      Findings findings;
      const AccountFacts facts = fleet_of(healed, fleet);
      judge_account_groups(facts, findings);
      for (const Finding& finding : findings.all()) {
        const std::string command = command_of(finding);
        if (command.empty() || finding.subject != "i1") continue;
        const std::string group = command.substr(command.find("sg-") + 3, 1);
        const bool out = command.find("egress") != std::string::npos;
        healed += ", " + group + (out ? " out all " : " in all ") + group;
      }
    }
    EXPECT_EQ(judged(fleet_of(healed, fleet)).at("i1"), "PPPPP") << rules << " -> " << healed;
  }
}

TEST(AccountGroups, NoCommandIsMadeOfAnIdThatAShellWouldRead) {
  AccountFacts facts = fleet_of("a in all a", "i1: a");
  const std::string hostile = "sg-a'; reboot; '";
  facts.groups.at(0).id = hostile;
  facts.instances.at(0).interfaces.at(1).groups = {hostile};
  Findings findings;
  judge_account_groups(facts, findings);
  EXPECT_EQ(findings.all().at(1).result, FindingResult::kFail);
  EXPECT_EQ(findings.all().at(1).command.text, "");
}

TEST(AccountGroups, AFleetOfThousandsIsComparedBySetsOfGroups) {
  AccountFacts facts = fleet_of("a in all a, a out all a", "i1: a a a a a a a a");
  const AccountInstance one = facts.instances.at(0);
  for (int i = 2; i <= 5'000; ++i) {
    facts.instances.push_back(one);
    facts.instances.back().id = "i" + std::to_string(i);
  }
  facts.instances.back().interfaces.at(1).groups = {"sg-b"};
  facts.groups.push_back({.id = "sg-b", .complete = true, .rules = {}});
  const auto letters = judged(facts);
  EXPECT_EQ(letters.at("i1"), "PPPPP");
  EXPECT_EQ(letters.at("i5000"), "FF-F-");
}

TEST(AccountGroups, MoreSetsThanAnyFleetHasAreNotCompared) {
  AccountFacts facts = fleet_of("a in all a, a out all a", "i1: a");
  const AccountInstance one = facts.instances.at(0);
  for (int i = 2; i <= 300; ++i) {
    facts.instances.push_back(one);
    facts.instances.back().id = "i" + std::to_string(i);
    facts.instances.back().interfaces.at(1).groups = {"sg-a", "sg-" + std::to_string(i)};
  }
  EXPECT_EQ(judged(facts).at("i1"), "PPUUP");
}

}  // namespace
}  // namespace efa
