// A fleet asked for of an EC2 that pages, refuses and goes wrong.

#include "probes/account/read.h"

#include <gtest/gtest.h>

#include "probes/account/access_checks.h"
#include "tests/support/account_reading.h"

namespace efa {
namespace {

TEST(AccountRead, GivesTheFactsOfTheFleet) {
  Ec2Service service(fleet_in_aws());
  EXPECT_EQ(json_of(read_from(service)), json_of(fleet_in_aws()));
  EXPECT_EQ(service.asked.size(), 12U);
  const Form& first = service.asked.at(0);
  EXPECT_EQ(first.at("Filter.1.Name"), "tag:Fleet");
  EXPECT_EQ(first.at("Filter.1.Value.1"), "train");
  EXPECT_EQ(first.at("Filter.2.Name"), "instance-state-name");
  EXPECT_EQ(first.at("MaxResults"), "100");
}

TEST(AccountRead, GivesWhatCameAtOnceAndEachKindAtItsEnd) {
  Ec2Service service(fleet_in_aws(3));
  std::vector<std::string> given;
  read_from(service, {{}, {}}, [&](const AccountFacts& part) {
    for (const AccountInstance& one : part.instances) given.push_back(one.id);
    for (const AccountSection& one : part.sections) given.push_back(one.name);
  });
  EXPECT_EQ(given, (std::vector<std::string>{"i-1", "i-2", "i-3", kInstancesSection, kRulesSection,
                                             kPlacementGroupsSection, kTypesSection,
                                             kReservationsSection, kVolumesSection, kManagedSection,
                                             kProfilesSection, kSessionsSection, kRightsSection}));
}

TEST(AccountRead, TakesEveryPage) {
  Ec2Service service(fleet_in_aws(25));
  service.page_size = 10;
  EXPECT_EQ(json_of(read_from(service)), json_of(fleet_in_aws(25)));
  EXPECT_EQ(service.count("DescribeInstances"), 3U);
}

TEST(AccountRead, OfThousandsOfInstancesAsksLittle) {
  Ec2Service service(fleet_in_aws(1'000));
  service.page_size = 100;
  EXPECT_EQ(read_from(service).instances.size(), 1'000U);
  EXPECT_EQ(service.asked.size(), 49U);  // pages of 100 of what is asked for by 200
}

TEST(AccountRead, AsksForInstancesByTheirIds) {
  Ec2Service service(fleet_in_aws());
  const AccountFacts facts = read_from(service, {{"i-1", "i-3"}, {}});
  EXPECT_EQ(facts.instances.size(), 2U);
  EXPECT_EQ(section_named(facts, kInstancesSection).status, SectionStatus::kOk);
}

TEST(AccountRead, AnIdThatIsGoneSpoilsNothing) {
  Ec2Service service(fleet_in_aws());
  const AccountFacts facts = read_from(service, {{"i-1", "i-9"}, {}});
  EXPECT_EQ(facts.instances.size(), 1U);
  EXPECT_EQ(section_named(facts, kInstancesSection).status, SectionStatus::kPartial);
  EXPECT_NE(section_named(facts, kInstancesSection).words.find("does not list i-9"),
            std::string::npos);
  EXPECT_EQ(results_of(facts, "i-1").at("account.security-group-no-egress"), FindingResult::kFail);
}

size_t denials(const AccountFacts& facts) {
  Findings findings;
  judge_account_access(facts, findings);
  size_t count = 0;
  for (const Finding& one : findings.all()) count += one.result == FindingResult::kFail ? 1 : 0;
  return count;
}

struct Denied {
  const char* action;
  const char* section;
  const char* unknown;  // a check that hangs on it
};

TEST(AccountRead, AKindThatIsDeniedLeavesTheOthers) {
  for (const Denied& row :
       {Denied{"DescribeSecurityGroupRules", kRulesSection, "account.security-group-no-egress"},
        Denied{"DescribePlacementGroups", kPlacementGroupsSection, "account.placement-group"},
        Denied{"DescribeInstanceTypes", kTypesSection, "account.interface-fewer"},
        Denied{"DescribeCapacityReservations", kReservationsSection, "account.capacity-ends"},
        Denied{"DescribeVolumes", kVolumesSection, "account.root-volume-small"},
        Denied{"DescribeInstanceInformation", kManagedSection, "account.not-managed"},
        Denied{"GetInstanceProfile", kProfilesSection, "account.no-role"},
        Denied{"GetDocument", kSessionsSection, "account.session-logs"},
        Denied{"SimulatePrincipalPolicy", kRightsSection, "account.session-logs"}}) {
    Ec2Service service(fleet_in_aws());
    service.instead = [&](const Form& form) -> std::optional<HttpAnswer> {
      if (form.at("Action") != row.action) return std::nullopt;
      return form.contains("Json") ? json_refusal("AccessDeniedException")
                                   : ec2_refusal(403, "UnauthorizedOperation");
    };
    const AccountFacts facts = read_from(service);
    EXPECT_EQ(denials(facts), 1U) << row.action;
    EXPECT_EQ(section_named(facts, row.section).status, SectionStatus::kDenied) << row.action;
    auto results = results_of(facts, "i-1");
    EXPECT_EQ(results.at(row.unknown), FindingResult::kUnknown) << row.action;
    EXPECT_EQ(results.at("account.interface-type"), FindingResult::kPass) << row.action;
    for (const AccountSection& one : facts.sections) {
      EXPECT_EQ(one.status == SectionStatus::kOk, one.name != row.section) << one.name;
    }
  }
}

TEST(AccountRead, WithoutInstancesNothingElseIsAsked) {
  for (const char* code : {"AuthFailure", "UnauthorizedOperation"}) {
    Ec2Service service(fleet_in_aws());
    service.instead = [&](const Form&) { return ec2_refusal(401, code); };
    const AccountFacts facts = read_from(service);
    EXPECT_EQ(facts.sections.size(), 1U);
    EXPECT_TRUE(facts.instances.empty());
    EXPECT_EQ(section_named(facts, kInstancesSection).error_code, code);
    EXPECT_EQ(service.count("DescribeSecurityGroupRules"), 0U);
  }
}

TEST(AccountRead, APageThatDoesNotComeIsNoEndOfTheRules) {
  Ec2Service service(fleet_in_aws());
  service.page_size = 1;  // the one that refers to itself comes first, the outbound ones never
  service.instead = [&](const Form& form) -> std::optional<HttpAnswer> {
    const bool second =
        form.contains("NextToken") && form.at("Action") == "DescribeSecurityGroupRules";
    if (!second) return std::nullopt;
    return HttpAnswer{200, {}, "<DescribeSecurityGroupRulesResponse><securityGroup"};
  };
  const AccountFacts facts = read_from(service);
  EXPECT_EQ(section_named(facts, kRulesSection).status, SectionStatus::kPartial);
  const auto results = results_of(facts, "i-1");
  EXPECT_EQ(results.at("account.security-group-no-ingress"), FindingResult::kPass);
  EXPECT_EQ(results.at("account.security-group-no-egress"), FindingResult::kUnknown);
}

TEST(AccountRead, ATokenThatRepeatsEndsTheList) {
  Ec2Service service(fleet_in_aws());
  service.instead = [&](const Form& form) -> std::optional<HttpAnswer> {
    if (form.at("Action") != "DescribeSecurityGroupRules") return std::nullopt;
    return HttpAnswer{200,
                      {},
                      "<DescribeSecurityGroupRulesResponse><securityGroupRuleSet/><nextToken>again"
                      "</nextToken></DescribeSecurityGroupRulesResponse>"};
  };
  const AccountFacts facts = read_from(service);
  EXPECT_EQ(service.count("DescribeSecurityGroupRules"), 2U);
  EXPECT_EQ(section_named(facts, kRulesSection).words,
            "DescribeSecurityGroupRules: its pages do not end");
  EXPECT_EQ(results_of(facts, "i-1").at("account.security-group-no-egress"),
            FindingResult::kUnknown);
}

TEST(AccountRead, AGroupWithoutRulesIsOneThatIsThere) {
  for (const bool exists : {true, false}) {
    AccountFacts without = fleet_in_aws();
    without.groups.at(0).rules.clear();
    without.groups.at(0).exists = exists;
    Ec2Service service(without);
    const AccountFacts facts = read_from(service);
    EXPECT_EQ(service.count("DescribeSecurityGroups"), 1U);
    EXPECT_EQ(results_of(facts, "i-1").at("account.security-group-no-egress"),
              exists ? FindingResult::kFail : FindingResult::kUnknown);
  }
}

TEST(AccountRead, AReservationThatIsGoneSpoilsNoOther) {
  AccountFacts two = fleet_in_aws();
  two.instances.at(0).reservation = "cr-0";
  Ec2Service service(two);
  service.instead = [&](const Form& form) -> std::optional<HttpAnswer> {
    const auto id = form.find("CapacityReservationId.1");
    if (id == form.end() || id->second != "cr-0") return std::nullopt;
    return ec2_refusal(400, "InvalidCapacityReservationId.NotFound");
  };
  const AccountFacts facts = read_from(service);
  EXPECT_EQ(section_named(facts, kReservationsSection).status, SectionStatus::kOk);
  EXPECT_EQ(results_of(facts, "i-1").at("account.capacity-ends"), FindingResult::kUnknown);
  EXPECT_EQ(results_of(facts, "i-2").at("account.capacity-ends"), FindingResult::kPass);
}

TEST(AccountRead, WhatIsNoAnswerIsNoFact) {
  for (const char* body :
       {"", "<html>502</html>", "{}", "<DescribeVpcsResponse/>", "<DescribeInstancesResponse/>"}) {
    Ec2Service service(fleet_in_aws());
    service.instead = [&](const Form&) { return HttpAnswer{200, {}, body}; };
    const AccountFacts facts = read_from(service);
    EXPECT_TRUE(facts.instances.empty()) << body;
    EXPECT_EQ(section_named(facts, kInstancesSection).status, SectionStatus::kFailed) << body;
  }
}

TEST(AccountRead, RulesOfGroupsThatWereNotAskedForAreNotKept) {
  Ec2Service service(fleet_in_aws());
  service.instead = [&](const Form& form) -> std::optional<HttpAnswer> {
    if (form.at("Action") != "DescribeSecurityGroupRules") return std::nullopt;
    return HttpAnswer{200,
                      {},
                      "<DescribeSecurityGroupRulesResponse><securityGroupRuleSet><item><groupId>"
                      "sg-x</groupId><isEgress>true</isEgress><ipProtocol>-1</ipProtocol></item>"
                      "</securityGroupRuleSet></DescribeSecurityGroupRulesResponse>"};
  };
  const AccountFacts facts = read_from(service);
  ASSERT_EQ(facts.groups.size(), 2U);
  EXPECT_TRUE(facts.groups.at(0).rules.empty());
}

TEST(AccountRead, AVolumeThatIsGoneIsNotListedAndSpoilsNoOther) {
  AccountFacts without = fleet_in_aws();
  without.volumes.erase(without.volumes.begin());
  Ec2Service service(without);
  const AccountFacts facts = read_from(service);
  EXPECT_EQ(section_named(facts, kVolumesSection).status, SectionStatus::kOk);
  EXPECT_EQ(results_of(facts, "i-1").at("account.root-volume-small"), FindingResult::kUnknown);
  EXPECT_EQ(results_of(facts, "i-2").at("account.root-volume-small"), FindingResult::kPass);
}

TEST(AccountRead, KnowsAnInstanceId) {
  for (const char* id : {"i-1", "i-0123456789abcdef0", "i-12345678"}) {
    EXPECT_TRUE(is_instance_id(id)) << id;
  }
  for (const char* text : {"", "i-", "0123", "i-1; reboot", "i-1&Action=x", "sg-1", "i-\n"}) {
    EXPECT_FALSE(is_instance_id(text)) << text;
  }
}

}  // namespace
}  // namespace efa
