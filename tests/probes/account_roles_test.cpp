// What is said of the roles of a fleet, of SSM, and of what the caller may not ask (synthetic).

#include <gtest/gtest.h>

#include "probes/account/access_checks.h"
#include "probes/account/role_checks.h"
#include "tests/support/account_fleet.h"

namespace efa {
namespace {

constexpr auto kPass = FindingResult::kPass;
constexpr auto kFail = FindingResult::kFail;
constexpr auto kUnknown = FindingResult::kUnknown;
constexpr auto kNotApplicable = FindingResult::kNotApplicable;

AccountFacts healthy() {
  return fleet_of("a in all a, a out all a", "i1: a, i2: a");
}

AccountInstance& first(AccountFacts& facts) {
  return facts.instances.at(0);
}

// i1 as SSM has it: else it passes by being online.
void set_ping(AccountFacts& facts, const char* ping) {
  facts.managed.at(0).ping = ping;
}

void deny(AccountFacts& facts, const std::string& action) {
  set_ping(facts, "Inactive");
  for (AccountRight& right : facts.rights) {
    if (right.action == action) right.decision = "implicitDeny";
  }
}

void forget(AccountFacts& facts, const char* section) {
  set_ping(facts, "Inactive");
  if (section == kRightsSection) facts.rights.clear();
  if (section == kProfilesSection) facts.profiles.clear();
  set_section(facts, section, SectionStatus::kDenied);
}

std::vector<Finding> judged(const AccountFacts& facts, const AccountWishes& wishes = {}) {
  Findings findings;
  judge_account_roles(facts, findings, wishes);
  return findings.take();
}

void take_role(AccountFacts& facts) {
  set_ping(facts, "Inactive");
  facts.profiles.at(0).role.reset();
}

void name_bucket(AccountFacts& facts, const char* decision) {
  facts.bucket = "pics/efa";
  facts.rights.push_back({*facts.profiles.at(0).role, "s3:PutObject",
                          "arn:aws:s3:::pics/efa/latest/i-1.json", decision});
}

// Of the first instance.
constexpr AccountCase kCases[] = {
    {"account.no-role", kPass, [](AccountFacts&) {}},
    {"account.no-role", kFail, [](AccountFacts& f) { first(f).profile_arn.reset(); }},
    {"account.no-role", kFail, take_role},
    {"account.no-role", kFail,
     [](AccountFacts& f) {
       f.profiles.at(0) = {f.profiles.at(0).arn, false, {}};
     }},
    {"account.no-role", kUnknown, [](AccountFacts& f) { forget(f, kProfilesSection); }},

    {"account.role-no-ssm", kPass, [](AccountFacts&) {}},
    {"account.role-no-ssm", kPass, [](AccountFacts& f) { set_ping(f, "ConnectionLost"); }},
    {"account.role-no-ssm", kFail,
     [](AccountFacts& f) { deny(f, "ssm:UpdateInstanceInformation"); }},
    {"account.role-no-ssm", kFail,
     [](AccountFacts& f) { deny(f, "ssmmessages:CreateControlChannel"); }},
    {"account.role-no-ssm", kPass,  // by rights that no policy of its role shows
     [](AccountFacts& f) {
       deny(f, "ssm:UpdateInstanceInformation");
       set_ping(f, "Online");
     }},
    {"account.role-no-ssm", kUnknown,
     [](AccountFacts& f) {
       deny(f, "ssm:UpdateInstanceInformation");
       f.rights.at(0).has_conditions = true;
     }},
    {"account.role-no-ssm", kUnknown, [](AccountFacts& f) { forget(f, kRightsSection); }},
    {"account.role-no-ssm", kUnknown, [](AccountFacts& f) { forget(f, kProfilesSection); }},
    {"account.role-no-ssm", kNotApplicable, take_role},

    {"account.not-managed", kPass, [](AccountFacts&) {}},
    {"account.not-managed", kFail, [](AccountFacts& f) { set_ping(f, "ConnectionLost"); }},
    {"account.not-managed", kFail, [](AccountFacts& f) { f.managed.erase(f.managed.begin()); }},
    {"account.not-managed", kUnknown, [](AccountFacts& f) { f.managed.at(0).ping.reset(); }},
    {"account.not-managed", kUnknown,
     [](AccountFacts& f) {
       f.managed.erase(f.managed.begin());
       set_section(f, kManagedSection, SectionStatus::kPartial);
     }},
    {"account.not-managed", kNotApplicable,
     [](AccountFacts& f) {
       f.managed.clear();
       first(f).state = "stopped";
     }},
    {"account.not-managed", kPass,  // it came before the rest did not
     [](AccountFacts& f) { set_section(f, kManagedSection, SectionStatus::kPartial); }},

    {"account.session-logs", kPass, [](AccountFacts&) {}},
    {"account.session-logs", kFail, [](AccountFacts& f) { deny(f, "logs:PutLogEvents"); }},
    {"account.session-logs", kUnknown, [](AccountFacts& f) { forget(f, kRightsSection); }},
    {"account.session-logs", kUnknown, [](AccountFacts& f) { forget(f, kProfilesSection); }},
    {"account.session-logs", kUnknown,
     [](AccountFacts& f) {
       f.session_log_group.reset();
       set_section(f, kSessionsSection, SectionStatus::kDenied);
     }},
    {"account.session-logs", kNotApplicable, [](AccountFacts& f) { f.session_log_group.reset(); }},
    {"account.session-logs", kNotApplicable, [](AccountFacts& f) { first(f).profile_arn.reset(); }},

    {"account.bucket", kNotApplicable, [](AccountFacts&) {}},
    {"account.bucket", kPass, [](AccountFacts& f) { name_bucket(f, "allowed"); }},
    {"account.bucket", kFail, [](AccountFacts& f) { name_bucket(f, "explicitDeny"); }},
    {"account.bucket", kUnknown,  // the bucket's own policy may allow it
     [](AccountFacts& f) { name_bucket(f, "implicitDeny"); }},
    {"account.bucket", kUnknown,
     [](AccountFacts& f) {
       name_bucket(f, "explicitDeny");
       f.rights.back().has_conditions = true;
     }},
    {"account.bucket", kUnknown,
     [](AccountFacts& f) {
       name_bucket(f, "allowed");
       forget(f, kRightsSection);
     }},
    {"account.bucket", kNotApplicable,
     [](AccountFacts& f) {
       name_bucket(f, "allowed");
       first(f).profile_arn.reset();
     }},
};

TEST(AccountRoles, EachChangeOfAFleetIsSeen) {
  expect_cases(
      kCases, healthy, [](const AccountFacts& facts) { return judged(facts); }, "i1");
}

TEST(AccountRoles, WhatIsDeniedIsNamed) {
  AccountFacts facts = healthy();
  deny(facts, "logs:PutLogEvents");
  EXPECT_EQ(fleet_finding(judged(facts), "account.session-logs", "i2").message,
            "arn:aws:iam::111122223333:role/node may not logs:PutLogEvents on "
            "arn:aws:logs:eu-west-1:111122223333:log-group:sessions:log-stream:session, by its "
            "policies");
}

TEST(AccountRoles, SsmIsAWarningWhereItIsRequired) {
  AccountFacts facts = healthy();
  set_ping(facts, "Inactive");
  EXPECT_EQ(fleet_finding(judged(facts), "account.not-managed", "i1").check->severity,
            Severity::kInfo);
  const Finding required =
      fleet_finding(judged(facts, {.ssm_is_required = true}), "account.not-managed", "i1");
  EXPECT_EQ(required.check->severity, Severity::kWarning);
  EXPECT_EQ(required.message, "its SSM agent is Inactive");
}

Finding said_of_access(const AccountFacts& facts, const std::string& subject) {
  Findings findings;
  judge_account_access(facts, findings);
  return fleet_finding(findings.all(), "account.denied", subject);
}

TEST(AccountAccess, WhatIsDeniedNamesTheStatementToAdd) {
  AccountFacts facts = healthy();
  facts.caller = AccountCaller{"111122223333", "arn:aws:iam::111122223333:user/admin"};
  for (AccountSection& section : facts.sections) {
    if (section.name != kVolumesSection) continue;
    section = {section.name, SectionStatus::kDenied, "UnauthorizedOperation", "words",
               "ec2:DescribeVolumes"};
  }
  const Finding finding = said_of_access(facts, kVolumesSection);
  EXPECT_EQ(finding.result, kFail);
  EXPECT_EQ(finding.message,
            "arn:aws:iam::111122223333:user/admin may not ask ec2:DescribeVolumes "
            "(UnauthorizedOperation); the statement to add is {\"Effect\": \"Allow\", \"Action\": "
            "\"ec2:DescribeVolumes\", \"Resource\": \"*\"}");
  EXPECT_EQ(said_of_access(facts, kRulesSection).result, kPass);
}

TEST(AccountAccess, ADenialAfterAPartIsOneToo) {
  AccountFacts facts = healthy();
  facts.sections.at(1).status = SectionStatus::kPartial;
  facts.sections.at(1).denied_action = "ec2:DescribeSecurityGroups";
  EXPECT_EQ(said_of_access(facts, kRulesSection).result, kFail);
}

TEST(AccountAccess, WhatFailedOtherwiseIsUnknown) {
  AccountFacts facts = healthy();
  set_section(facts, kRulesSection, SectionStatus::kThrottled);
  EXPECT_EQ(said_of_access(facts, kRulesSection).result, kUnknown);
}

TEST(AccountAccess, WhereNothingWasAskedNothingIsDenied) {
  EXPECT_EQ(said_of_access({}, "account").result, kNotApplicable);
}

}  // namespace

std::span<const AccountCase> account_role_cases() {
  return kCases;
}

}  // namespace efa
