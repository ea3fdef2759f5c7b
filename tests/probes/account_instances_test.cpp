// What is said of a fleet's interfaces and of where its instances are: each check in a change to a
// healthy fleet (synthetic).

#include <gtest/gtest.h>

#include "probes/account/instance_checks.h"
#include "probes/judging/findings.h"
#include "tests/support/account_fleet.h"

namespace efa {
namespace {

constexpr auto kPass = FindingResult::kPass;
constexpr auto kFail = FindingResult::kFail;
constexpr auto kUnknown = FindingResult::kUnknown;
constexpr auto kNotApplicable = FindingResult::kNotApplicable;
constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kNowMs = 1'795'471'200'000;  // 2026-11-23T22:00:00Z

// Three instances of two EFA interfaces, of a type that can have two.
AccountFacts healthy() {
  AccountFacts facts = fleet_of("a in all a, a out all a", "i1: a a, i2: a a, i3: a a");
  facts.types.at(0).most_efa = 2;
  facts.asked_ms = kNowMs;
  facts.reservations.push_back({.id = "cr-1", .state = "active"});
  for (AccountInstance& instance : facts.instances) instance.reservation = "cr-1";
  return facts;
}

AccountInstance& third(AccountFacts& facts) {
  return facts.instances.at(2);
}
AccountInterface& efa_of_third(AccountFacts& facts) {
  return facts.instances.at(2).interfaces.at(1);
}

std::vector<Finding> judged(const AccountFacts& facts) {
  Findings findings;
  judge_account_interfaces(facts, findings);
  judge_account_places(facts, findings);
  return findings.take();
}

void keep_third_only(AccountFacts& facts) {
  facts.instances.erase(facts.instances.begin(), facts.instances.begin() + 2);
}

void remove_efa(AccountFacts& facts) {
  third(facts).interfaces.resize(1);
}

constexpr AccountCase kCases[] = {
    {"account.interface-type", kPass, [](AccountFacts&) {}},
    {"account.interface-type", kFail, remove_efa},
    {"account.interface-type", kUnknown,
     [](AccountFacts& f) {
       remove_efa(f);
       third(f).interfaces.at(0).type.reset();
     }},
    {"account.interface-type", kNotApplicable,  // the head node
     [](AccountFacts& f) {
       remove_efa(f);
       third(f).type = "c5n.18xlarge";
     }},

    {"account.interface-fewer", kFail, [](AccountFacts& f) { third(f).interfaces.pop_back(); }},
    {"account.interface-fewer", kFail, [](AccountFacts& f) { f.types.at(0).most_efa = 32; }},
    {"account.interface-fewer", kPass,  // a whole layout of its own
     [](AccountFacts& f) {
       for (AccountInstance& one : f.instances) {
         one.type = "p6e-gb200.36xlarge";
         while (one.interfaces.size() < 5) one.interfaces.push_back(one.interfaces.back());
       }
       f.types.push_back({"p6e-gb200.36xlarge", true, 16, 17});
     }},
    {"account.interface-fewer", kUnknown,
     [](AccountFacts& f) {
       f.types.clear();
       set_section(f, kTypesSection, SectionStatus::kDenied);
     }},
    {"account.interface-fewer", kUnknown, [](AccountFacts& f) { third(f).type.reset(); }},
    {"account.interface-fewer", kUnknown,
     [](AccountFacts& f) { third(f).interfaces.at(0).type.reset(); }},
    {"account.interface-fewer", kNotApplicable, remove_efa},

    {"account.interface-layout", kFail,
     [](AccountFacts& f) { third(f).interfaces.at(2).card = efa_of_third(f).card; }},
    {"account.interface-layout", kFail, [](AccountFacts& f) { efa_of_third(f).device = 0; }},
    {"account.interface-layout", kFail,
     [](AccountFacts& f) { efa_of_third(f).status = "detaching"; }},
    {"account.interface-layout", kUnknown, [](AccountFacts& f) { efa_of_third(f).card.reset(); }},
    {"account.interface-layout", kUnknown, [](AccountFacts& f) { efa_of_third(f).status.reset(); }},
    {"account.interface-layout", kPass,  // one EFA needs no number
     [](AccountFacts& f) {
       third(f).interfaces.pop_back();
       efa_of_third(f).card.reset();
     }},
    {"account.interface-layout", kNotApplicable, remove_efa},

    {"account.tenancy", kFail,
     [](AccountFacts& f) {
       third(f).type = "m7g.16xlarge";
       third(f).tenancy = "dedicated";
     }},
    {"account.tenancy", kFail,
     [](AccountFacts& f) {
       third(f).type = "c7g.16xlarge";
       third(f).tenancy = "host";
     }},
    {"account.tenancy", kPass, [](AccountFacts& f) { third(f).type = "r7g.16xlarge"; }},
    {"account.tenancy", kUnknown, [](AccountFacts& f) { third(f).type.reset(); }},
    {"account.tenancy", kUnknown,
     [](AccountFacts& f) {
       third(f).type = "m7g.16xlarge";
       third(f).tenancy.reset();
     }},
    {"account.tenancy", kNotApplicable, [](AccountFacts& f) { third(f).tenancy = "dedicated"; }},
    {"account.tenancy", kNotApplicable, remove_efa},

    {"account.zone-differs", kPass, [](AccountFacts&) {}},
    {"account.zone-differs", kFail, [](AccountFacts& f) { third(f).zone = "eu-west-1b"; }},
    {"account.zone-differs", kFail, [](AccountFacts& f) { efa_of_third(f).vpc = "vpc-2"; }},
    {"account.zone-differs", kUnknown, [](AccountFacts& f) { third(f).zone.reset(); }},
    {"account.zone-differs", kUnknown, [](AccountFacts& f) { efa_of_third(f).vpc.reset(); }},
    {"account.zone-differs", kUnknown,
     [](AccountFacts& f) { set_section(f, kInstancesSection, SectionStatus::kPartial); }},
    {"account.zone-differs", kNotApplicable, keep_third_only},
    {"account.zone-differs", kNotApplicable, remove_efa},

    {"account.subnet-differs", kFail,
     [](AccountFacts& f) {
       efa_of_third(f).subnet = "subnet-2";
       efa_of_third(f).vpc = "vpc-2";
     }},
    {"account.subnet-differs", kPass, [](AccountFacts& f) { efa_of_third(f).subnet = "subnet-2"; }},
    {"account.subnet-differs", kUnknown, [](AccountFacts& f) { efa_of_third(f).subnet.reset(); }},
    {"account.subnet-differs", kNotApplicable, keep_third_only},
    {"account.subnet-differs", kNotApplicable, remove_efa},

    {"account.placement-group", kPass, [](AccountFacts&) {}},
    {"account.placement-group", kFail, [](AccountFacts& f) { third(f).placement_group.reset(); }},
    {"account.placement-group", kFail,
     [](AccountFacts& f) { f.placement_groups.at(0).strategy = "spread"; }},
    {"account.placement-group", kUnknown,
     [](AccountFacts& f) {
       f.placement_groups.clear();
       set_section(f, kPlacementGroupsSection, SectionStatus::kDenied);
     }},
    {"account.placement-group", kUnknown, [](AccountFacts& f) { f.placement_groups.clear(); }},
    {"account.placement-group", kNotApplicable,
     [](AccountFacts& f) {
       third(f).placement_group.reset();
       third(f).lifecycle = "capacity-block";
     }},
    {"account.placement-group", kNotApplicable, remove_efa},

    {"account.placement-group-differs", kPass, [](AccountFacts&) {}},
    {"account.placement-group-differs", kFail,
     [](AccountFacts& f) {
       third(f).placement_group->name = "other";
       f.placement_groups.push_back({"other", "cluster", "available"});
     }},
    {"account.placement-group-differs", kNotApplicable,
     [](AccountFacts& f) {
       third(f).placement_group->name = "other";
       f.placement_groups.push_back({"other", "partition", "available"});
     }},
    {"account.placement-group-differs", kUnknown,
     [](AccountFacts& f) { third(f).placement_group->name = "other"; }},
    {"account.placement-group-differs", kUnknown,
     [](AccountFacts& f) { set_section(f, kInstancesSection, SectionStatus::kPartial); }},
    {"account.placement-group-differs", kNotApplicable,
     [](AccountFacts& f) { third(f).placement_group.reset(); }},
    {"account.placement-group-differs", kNotApplicable, keep_third_only},

    {"account.capacity-ends", kFail,
     [](AccountFacts& f) { f.reservations.at(0).state = "expired"; }},
    {"account.capacity-ends", kFail,
     [](AccountFacts& f) { f.reservations.at(0).ends_ms = kNowMs + 24 * kHourMs - 1; }},
    {"account.capacity-ends", kPass,
     [](AccountFacts& f) { f.reservations.at(0).ends_ms = kNowMs + 24 * kHourMs; }},
    {"account.capacity-ends", kUnknown,
     [](AccountFacts& f) {
       f.reservations.clear();
       set_section(f, kReservationsSection, SectionStatus::kThrottled);
     }},
    {"account.capacity-ends", kUnknown, [](AccountFacts& f) { f.reservations.clear(); }},
    {"account.capacity-ends", kUnknown,
     [](AccountFacts& f) { f.reservations.at(0).state.reset(); }},
    {"account.capacity-ends", kNotApplicable,
     [](AccountFacts& f) { third(f).reservation.reset(); }},
    {"account.capacity-ends", kNotApplicable, remove_efa},
};

TEST(AccountInstances, EachChangeOfAFleetIsSeen) {
  expect_cases(
      kCases, healthy, [](const AccountFacts& facts) { return judged(facts); }, "i3");
}

TEST(AccountInstances, OfAHealthyFleetAllPass) {
  const std::vector<Finding> findings = judged(healthy());
  EXPECT_EQ(findings.size(), 27U);
  for (const Finding& finding : findings) {
    const bool other_type = finding.check->code == "account.tenancy";
    EXPECT_EQ(finding.result, other_type ? kNotApplicable : kPass)
        << finding.check->code << " " << finding.subject << ": " << finding.message;
  }
}

TEST(AccountInstances, WhatIsApartIsSaidOfTheFew) {
  AccountFacts facts = healthy();
  third(facts).zone = "eu-west-1b";
  const std::vector<Finding> findings = judged(facts);
  EXPECT_EQ(fleet_finding(findings, "account.zone-differs", "i1").result, kPass);
  EXPECT_EQ(fleet_finding(findings, "account.zone-differs", "i3").message,
            "its EFA interfaces are in eu-west-1b, vpc-1, most of the fleet in eu-west-1a, vpc-1");
}

TEST(AccountInstances, AReservationThatEndsWithinTheHourIsCritical) {
  AccountFacts facts = healthy();
  for (const auto& [left_ms, severity, words] :
       {std::tuple(kHourMs, Severity::kWarning, "cr-1 ends in 60 minutes"),
        std::tuple(kHourMs - 1, Severity::kCritical, "cr-1 ends in 59 minutes"),
        std::tuple(-kHourMs, Severity::kCritical, "cr-1 ends in 0 minutes")}) {
    facts.reservations.at(0).ends_ms = kNowMs + left_ms;
    const Finding finding = fleet_finding(judged(facts), "account.capacity-ends", "i3");
    EXPECT_EQ(finding.check->severity, severity);
    EXPECT_EQ(finding.message, words);
  }
}

}  // namespace

std::span<const AccountCase> account_instance_cases() {
  return kCases;
}

}  // namespace efa
