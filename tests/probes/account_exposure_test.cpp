// What instances expose and reach by IP, by layouts of rules as people and tools make them, and
// what is said of their metadata service (synthetic).

#include <gtest/gtest.h>

#include "probes/account/exposure_checks.h"
#include "probes/account/ip_views.h"
#include "tests/support/account_fleet.h"

namespace efa {
namespace {

constexpr auto kPass = FindingResult::kPass;
constexpr auto kFail = FindingResult::kFail;
constexpr auto kUnknown = FindingResult::kUnknown;
constexpr auto kNotApplicable = FindingResult::kNotApplicable;

std::vector<Finding> judged(const AccountFacts& facts, const AccountWishes& wishes = {}) {
  Findings findings;
  judge_account_exposure(facts, findings, wishes);
  return findings.take();
}

struct Layout {
  const char* rules;  // the first interface is in "ip", the one with EFA alone in "a"
  FindingResult port_22;
  FindingResult egress;
};

const Layout kLayouts[] = {
    {"ip out all 0.0.0.0/0", kPass, kPass},
    {"ip out tcp:443 0.0.0.0/0, ip in tcp:443 0.0.0.0/0", kPass, kPass},
    {"ip out tcp:443 10.0.0.0/8", kPass, kPass},
    {"ip out all ::/0", kPass, kPass},
    {"ip out tcp:400-500 pl-1", kPass, kPass},
    {"ip out tcp 0.0.0.0/0", kPass, kPass},
    {"ip in tcp:22 0.0.0.0/0", kFail, kFail},
    {"ip in tcp:22 ::/0, ip out all 0.0.0.0/0", kFail, kPass},
    {"ip in all 0.0.0.0/0, ip out all 0.0.0.0/0", kFail, kPass},
    {"ip in 6:0-1024 0.0.0.0/0, ip out all 0.0.0.0/0", kFail, kPass},
    {"ip in tcp:23-80 0.0.0.0/0, ip in udp:22 0.0.0.0/0, ip out all 0.0.0.0/0", kPass, kPass},
    {"ip in tcp:22 10.0.0.0/8, ip in tcp:22 ip, ip out all 0.0.0.0/0", kPass, kPass},
    {"ip in tcp:22 pl-1, ip out all 0.0.0.0/0", kUnknown, kPass},
    {"ip in tcp:22 pl-1, ip in tcp:22 0.0.0.0/0, ip out all 0.0.0.0/0", kFail, kPass},
    // a group without rules, and what is left of one when a rule for EFA is added to it
    {"ip", kPass, kFail},
    {"ip in all ip, ip out all ip", kPass, kFail},
    // as CDK and CloudFormation write "nothing"
    {"ip out icmp:252-86 255.255.255.255/32", kPass, kFail},
    {"ip out all 127.0.0.1/32", kPass, kFail},
    {"ip out tcp:80 0.0.0.0/0, ip out udp:443 0.0.0.0/0", kPass, kFail},
    // perhaps the group of endpoints
    {"ip out tcp:443 b", kPass, kUnknown},
    // of another interface, which has no address
    {"ip out all 0.0.0.0/0, a in all 0.0.0.0/0, a out all a", kPass, kPass},
    {"ip in all ip, a out all 0.0.0.0/0", kPass, kFail},
};

TEST(AccountExposure, EveryLayoutIsJudgedAsItIs) {
  for (const Layout& layout : kLayouts) {
    const std::vector<Finding> findings = judged(fleet_of(layout.rules, "i1: a"));
    const Finding port = fleet_finding(findings, "account.port-22-open", "i1");
    EXPECT_EQ(port.result, layout.port_22) << layout.rules << ": " << port.message;
    const Finding egress = fleet_finding(findings, "account.no-ip-egress", "i1");
    EXPECT_EQ(egress.result, layout.egress) << layout.rules << ": " << egress.message;
  }
}

AccountInstance& first(AccountFacts& facts) {
  return facts.instances.at(0);
}

void make_rules_partial(AccountFacts& facts) {
  facts.groups.at(0).complete = false;
  set_section(facts, kRulesSection, SectionStatus::kPartial);
}

void forget_rules(AccountFacts& facts) {
  facts.groups.clear();
  set_section(facts, kRulesSection, SectionStatus::kDenied);
}

// A change to one instance with "ip in all ip, ip out all ip", an EFA interface in "b out all
// 0.0.0.0/0".
constexpr AccountCase kCases[] = {
    {"account.port-22-open", kFail,
     [](AccountFacts& f) {
       f.groups.at(0).rules.push_back(
           {.protocol = "tcp", .from = 22, .to = 22, .cidr4 = "0.0.0.0/0"});
     }},
    {"account.port-22-open", kPass, [](AccountFacts&) {}},
    {"account.port-22-open", kUnknown, make_rules_partial},
    {"account.port-22-open", kUnknown, forget_rules},
    {"account.port-22-open", kUnknown,
     [](AccountFacts& f) { first(f).interfaces.at(0).groups.reset(); }},
    {"account.port-22-open", kUnknown,
     [](AccountFacts& f) { first(f).interfaces.at(1).type.reset(); }},
    {"account.port-22-open", kNotApplicable,
     [](AccountFacts& f) { first(f).interfaces.erase(first(f).interfaces.begin()); }},
    {"account.port-22-open", kUnknown,
     [](AccountFacts& f) {
       first(f).interfaces.resize(1);
       first(f).interfaces.at(0).type.reset();
     }},

    {"account.no-ip-egress", kFail, [](AccountFacts&) {}},
    {"account.no-ip-egress", kUnknown, make_rules_partial},
    {"account.no-ip-egress", kUnknown, forget_rules},
    {"account.no-ip-egress", kUnknown,
     [](AccountFacts& f) { first(f).interfaces.at(0).groups.reset(); }},
    {"account.no-ip-egress", kUnknown,  // by which interface packets leave the node says
     [](AccountFacts& f) { first(f).interfaces.at(1).type = "efa"; }},
    {"account.no-ip-egress", kPass,
     [](AccountFacts& f) {
       first(f).interfaces.at(1).type = "efa";
       first(f).interfaces.at(0).groups->push_back("sg-b");
     }},
    {"account.no-ip-egress", kPass,  // with EFA on the first card
     [](AccountFacts& f) {
       first(f).interfaces.erase(first(f).interfaces.begin());
       first(f).interfaces.at(0).type = "efa";
       first(f).interfaces.at(0).device = 0;
     }},
    {"account.no-ip-egress", kNotApplicable,
     [](AccountFacts& f) { first(f).interfaces.erase(first(f).interfaces.begin()); }},

    {"account.imds", kPass, [](AccountFacts&) {}},
    {"account.imds", kFail, [](AccountFacts& f) { first(f).imds_enabled = false; }},
    {"account.imds", kFail, [](AccountFacts& f) { first(f).imds_hop_limit = 1; }},
    {"account.imds", kUnknown, [](AccountFacts& f) { first(f).imds_enabled.reset(); }},
    {"account.imds", kUnknown, [](AccountFacts& f) { first(f).imds_hop_limit.reset(); }},
};

TEST(AccountExposure, EachChangeIsSeen) {
  expect_cases(
      kCases, [] { return fleet_of("ip in all ip, ip out all ip, b out all 0.0.0.0/0", "i1: b"); },
      [](const AccountFacts& facts) { return judged(facts); }, "i1");
}

TEST(AccountExposure, AnOpenPortWeighsMoreOnAPublicAddress) {
  AccountFacts facts = fleet_of("ip in tcp:22 0.0.0.0/0", "i1: a");
  const auto said = [&](std::optional<bool> is_public) {
    first(facts).has_public_address = is_public;
    return fleet_finding(judged(facts), "account.port-22-open", "i1");
  };
  EXPECT_EQ(said(true).check->severity, Severity::kWarning);
  EXPECT_EQ(said(true).message, "sg-ip: tcp 22 from 0.0.0.0/0; it has a public address");
  EXPECT_EQ(said(false).check->severity, Severity::kInfo);
  EXPECT_EQ(said(std::nullopt).check->severity, Severity::kInfo);
}

TEST(AccountExposure, AHopLimitOfOneIsInfo) {
  AccountFacts facts = fleet_of("ip out all 0.0.0.0/0", "i1: a");
  first(facts).imds_hop_limit = 1;
  EXPECT_EQ(fleet_finding(judged(facts), "account.imds", "i1").check->severity, Severity::kInfo);
  first(facts).imds_enabled = false;
  EXPECT_EQ(fleet_finding(judged(facts), "account.imds", "i1").check->severity, Severity::kWarning);
}

TEST(AccountExposure, WithoutWayOutSsmIsAWarningWhereItIsRequired) {
  const AccountFacts facts = fleet_of("ip out all ip", "i1: a");
  const Finding finding =
      fleet_finding(judged(facts, {.ssm_is_required = true}), "account.no-ip-egress", "i1");
  EXPECT_EQ(finding.check->severity, Severity::kWarning);
  EXPECT_EQ(fleet_finding(judged(facts), "account.no-ip-egress", "i1").check->severity,
            Severity::kInfo);
}

}  // namespace

std::span<const AccountCase> account_exposure_cases() {
  return kCases;
}

}  // namespace efa
