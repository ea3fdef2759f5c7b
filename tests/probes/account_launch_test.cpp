// What is said of what instances were launched as, and of their root volumes (synthetic).

#include <gtest/gtest.h>

#include "probes/account/launch_checks.h"
#include "probes/account/volume_checks.h"
#include "tests/support/account_fleet.h"

namespace efa {
namespace {

constexpr auto kPass = FindingResult::kPass;
constexpr auto kFail = FindingResult::kFail;
constexpr auto kUnknown = FindingResult::kUnknown;
constexpr auto kNotApplicable = FindingResult::kNotApplicable;

// Two instances with EFA, and one of another type without.
AccountFacts healthy() {
  AccountFacts facts = fleet_of("a in all a, a out all a", "i1: a a, i2: a a, i3: -");
  facts.types.push_back({"m7i.large", false, std::nullopt, 1});
  facts.instances.at(2).placement_group.reset();
  return facts;
}

AccountInstance& first(AccountFacts& facts) {
  return facts.instances.at(0);
}

void make_small_type(AccountFacts& facts) {
  first(facts).type = "m7i.large";
  first(facts).interfaces.resize(1);
}

std::vector<Finding> judged(const AccountFacts& facts, const AccountWishes& wishes = {}) {
  Findings findings;
  judge_account_launches(facts, findings, wishes);
  judge_account_volumes(facts, findings, wishes);
  return findings.take();
}

// Of the first instance.
constexpr AccountCase kCases[] = {
    {"account.capacity-unused", kFail,
     [](AccountFacts& f) { first(f).reservation_wanted = "cr-1"; }},
    {"account.capacity-unused", kFail,
     [](AccountFacts& f) {
       first(f).reservation_wanted = "cr-1";
       first(f).reservation = "cr-2";
     }},
    {"account.capacity-unused", kFail,
     [](AccountFacts& f) {
       first(f).reservation_wanted = "arn:aws:resource-groups:eu-west-1:111122223333:group/train";
     }},
    {"account.capacity-unused", kPass,
     [](AccountFacts& f) { first(f).reservation_wanted = first(f).reservation = "cr-1"; }},
    {"account.capacity-unused", kPass,
     [](AccountFacts& f) {
       first(f).reservation_wanted = "arn:aws:resource-groups:eu-west-1:111122223333:group/train";
       first(f).reservation = "cr-1";
     }},
    {"account.capacity-unused", kUnknown,
     [](AccountFacts& f) { first(f).reservation_preference.reset(); }},
    {"account.capacity-unused", kNotApplicable, [](AccountFacts&) {}},
    {"account.capacity-unused", kNotApplicable,  // it enters when it starts
     [](AccountFacts& f) {
       first(f).reservation_wanted = "cr-1";
       first(f).state = "stopped";
     }},
    {"account.capacity-unused", kNotApplicable,
     [](AccountFacts& f) { first(f).reservation = "cr-1"; }},

    {"account.type-no-efa", kFail, make_small_type},
    {"account.type-no-efa", kPass, [](AccountFacts&) {}},
    {"account.type-no-efa", kPass,  // what is wrong with it account.interface-type says
     [](AccountFacts& f) { first(f).interfaces.resize(1); }},
    {"account.type-no-efa", kUnknown,
     [](AccountFacts& f) {
       make_small_type(f);
       f.types.clear();
       set_section(f, kTypesSection, SectionStatus::kDenied);
     }},
    {"account.type-no-efa", kUnknown,
     [](AccountFacts& f) {
       make_small_type(f);
       first(f).type.reset();
     }},
    {"account.type-no-efa", kNotApplicable,
     [](AccountFacts& f) {
       make_small_type(f);
       f.instances.at(1).interfaces.resize(1);
     }},

    {"account.root-volume-small", kFail, [](AccountFacts& f) { f.volumes.at(0).size_gib = 159; }},
    {"account.root-volume-small", kPass, [](AccountFacts& f) { f.volumes.at(0).size_gib = 160; }},
    {"account.root-volume-small", kUnknown,
     [](AccountFacts& f) { f.volumes.at(0).size_gib.reset(); }},
    {"account.root-volume-small", kUnknown, [](AccountFacts& f) { f.volumes.at(0).id = "vol-x"; }},
    {"account.root-volume-small", kUnknown,
     [](AccountFacts& f) {
       f.volumes.clear();
       set_section(f, kVolumesSection, SectionStatus::kThrottled);
     }},
    {"account.root-volume-small", kNotApplicable,
     [](AccountFacts& f) { first(f).root_volume.reset(); }},

    {"account.root-volume-plain", kFail,
     [](AccountFacts& f) { f.volumes.at(0).encrypted = false; }},
    {"account.root-volume-plain", kPass, [](AccountFacts&) {}},
    {"account.root-volume-plain", kUnknown,
     [](AccountFacts& f) { f.volumes.at(0).encrypted.reset(); }},
    {"account.root-volume-plain", kUnknown, [](AccountFacts& f) { f.volumes.clear(); }},
    {"account.root-volume-plain", kNotApplicable,
     [](AccountFacts& f) { first(f).root_volume.reset(); }},
};

TEST(AccountLaunch, EachChangeOfAFleetIsSeen) {
  expect_cases(
      kCases, healthy, [](const AccountFacts& facts) { return judged(facts); }, "i1");
}

TEST(AccountLaunch, ATypeWithoutEfaIsCriticalWhereEfaIsMeant) {
  AccountFacts facts = healthy();
  make_small_type(facts);
  facts.instances.at(2).type = "m7i.large";
  const std::vector<Finding> findings = judged(facts);
  const Finding worker = fleet_finding(findings, "account.type-no-efa", "i1");
  EXPECT_EQ(worker.check->severity, Severity::kCritical);
  EXPECT_EQ(worker.message, "m7i.large has no EFA; others of its placement group have");
  const Finding head = fleet_finding(findings, "account.type-no-efa", "i3");
  EXPECT_EQ(head.check->severity, Severity::kInfo);
  EXPECT_EQ(head.message,
            "m7i.large has no EFA; others of the fleet have, if it is not its head node");
  const Finding expected =
      fleet_finding(judged(facts, {.efa_is_expected = true}), "account.type-no-efa", "i3");
  EXPECT_EQ(expected.check->severity, Severity::kCritical);
}

TEST(AccountLaunch, TheSizeOfARootVolumeIsThatOfTheSettings) {
  AccountFacts facts = healthy();
  const auto small = [&](int wanted) {
    return fleet_finding(judged(facts, {.root_volume_gib = wanted}), "account.root-volume-small",
                         "i1");
  };
  EXPECT_EQ(small(500).result, kFail);
  EXPECT_EQ(small(500).message, "vol-i1 has 200 GiB, 500 GiB are recommended");
  EXPECT_EQ(small(100).result, kPass);
}

}  // namespace

std::span<const AccountCase> account_launch_cases() {
  return kCases;
}

}  // namespace efa
