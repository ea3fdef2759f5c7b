// A fleet asked for of an EC2 that pages, refuses and goes wrong.

#include "probes/account/read.h"

#include <gtest/gtest.h>

#include <map>

#include "probes/account/access_checks.h"
#include "probes/account/exposure_checks.h"
#include "probes/account/group_checks.h"
#include "probes/account/instance_checks.h"
#include "probes/account/role_checks.h"
#include "probes/account/volume_checks.h"
#include "probes/base/describe.h"
#include "probes/judging/findings.h"
#include "tests/support/account_fleet.h"
#include "tests/support/ec2_service.h"

namespace efa {
namespace {

constexpr int64_t kNowMs = 1'795'471'200'000;  // 2026-11-23T22:00:00Z

AccountFacts fleet(int instances = 3) {
  std::string text;
  for (int i = 1; i <= instances; ++i) {
    text += (i == 1 ? "" : ", ") + ("i-" + std::to_string(i)) + ": a a";
  }
  AccountFacts facts =
      fleet_of("a in all a, a out all 0.0.0.0/0, a out tcp:443 pl-1, ip out all 0.0.0.0/0", text);
  facts.types.at(0).most_efa = 2;
  facts.reservations.push_back({.id = "cr-1", .state = "active"});
  for (AccountInstance& one : facts.instances) one.reservation = "cr-1";
  facts.caller = AccountCaller{"111122223333", "arn:aws:iam::111122223333:user/admin"};
  facts.asked_ms = kNowMs;
  return facts;
}

template <class Item>
void append(const std::vector<Item>& more, std::vector<Item>& all) {
  all.insert(all.end(), more.begin(), more.end());
}

// All parts together.
void join_part(const AccountFacts& part, AccountFacts& facts) {
  if (part.caller) facts.caller = part.caller;
  facts.region = part.region;
  facts.asked_ms = part.asked_ms;
  append(part.sections, facts.sections);
  append(part.instances, facts.instances);
  append(part.groups, facts.groups);
  append(part.placement_groups, facts.placement_groups);
  append(part.types, facts.types);
  append(part.reservations, facts.reservations);
  append(part.volumes, facts.volumes);
  append(part.managed, facts.managed);
  append(part.profiles, facts.profiles);
  append(part.rights, facts.rights);
  if (part.session_log_group) facts.session_log_group = part.session_log_group;
}

AccountFacts read(
    Ec2Service& service, const FleetQuery& query = {{}, {{"tag:Fleet", "train"}}},
    const TakeFacts& take = [](const AccountFacts&) {}) {
  int64_t now_ms = 0;
  const Clock clock{.unix_ms = [] { return kNowMs; },
                    .steady_ms = [&] { return now_ms; },
                    .sleep = [&](int64_t ms) { now_ms += ms; },
                    .stopped = [] { return false; }};
  CredentialChain chain(
      {}, [](const char* name) { return std::string(name) == "HOME" ? "/none" : "key"; }, service);
  SignedHttp http(chain, service, clock);
  Calls calls({.region = "eu-west-1"}, http, clock, [] { return 0.5; });
  AccountFacts facts;
  read_account(calls, "eu-west-1", query, [&](const AccountFacts& part) {
    take(part);
    join_part(part, facts);
  });
  return facts;
}

std::string json_of(const AccountFacts& facts) {
  return render_json(to_value(facts), 1);
}

const AccountSection& section(const AccountFacts& facts, const std::string& name) {
  static const AccountSection kNoSection;
  for (const AccountSection& one : facts.sections) {
    if (one.name == name) return one;
  }
  ADD_FAILURE() << "no section " << name;
  return kNoSection;
}

std::map<std::string, FindingResult> judged(const AccountFacts& facts, const std::string& subject) {
  Findings findings;
  judge_account_groups(facts, findings);
  judge_account_interfaces(facts, findings);
  judge_account_places(facts, findings);
  judge_account_volumes(facts, findings);
  judge_account_roles(facts, findings);
  judge_account_exposure(facts, findings);
  std::map<std::string, FindingResult> results;
  for (const Finding& finding : findings.all()) {
    if (finding.subject == subject) results[std::string(finding.check->code)] = finding.result;
  }
  return results;
}

TEST(AccountRead, GivesTheFactsOfTheFleet) {
  Ec2Service service(fleet());
  EXPECT_EQ(json_of(read(service)), json_of(fleet()));
  EXPECT_EQ(service.asked.size(), 12U);
  const Form& first = service.asked.at(0);
  EXPECT_EQ(first.at("Filter.1.Name"), "tag:Fleet");
  EXPECT_EQ(first.at("Filter.1.Value.1"), "train");
  EXPECT_EQ(first.at("Filter.2.Name"), "instance-state-name");
  EXPECT_EQ(first.at("MaxResults"), "100");
}

TEST(AccountRead, GivesWhatCameAtOnceAndEachKindAtItsEnd) {
  Ec2Service service(fleet(3));
  std::vector<std::string> given;
  read(service, {{}, {}}, [&](const AccountFacts& part) {
    for (const AccountInstance& one : part.instances) given.push_back(one.id);
    for (const AccountSection& one : part.sections) given.push_back(one.name);
  });
  EXPECT_EQ(given, (std::vector<std::string>{"i-1", "i-2", "i-3", kInstancesSection, kRulesSection,
                                             kPlacementGroupsSection, kTypesSection,
                                             kReservationsSection, kVolumesSection, kManagedSection,
                                             kProfilesSection, kSessionsSection, kRightsSection}));
}

TEST(AccountRead, TakesEveryPage) {
  Ec2Service service(fleet(25));
  service.page_size = 10;
  EXPECT_EQ(json_of(read(service)), json_of(fleet(25)));
  EXPECT_EQ(service.count("DescribeInstances"), 3U);
}

TEST(AccountRead, OfThousandsOfInstancesAsksLittle) {
  Ec2Service service(fleet(1'000));
  service.page_size = 100;
  EXPECT_EQ(read(service).instances.size(), 1'000U);
  EXPECT_EQ(service.asked.size(), 49U);  // pages of 100 of what is asked for by 200
}

TEST(AccountRead, AsksForInstancesByTheirIds) {
  Ec2Service service(fleet());
  const AccountFacts facts = read(service, {{"i-1", "i-3"}, {}});
  EXPECT_EQ(facts.instances.size(), 2U);
  EXPECT_EQ(section(facts, kInstancesSection).status, SectionStatus::kOk);
}

TEST(AccountRead, AnIdThatIsGoneSpoilsNothing) {
  Ec2Service service(fleet());
  const AccountFacts facts = read(service, {{"i-1", "i-9"}, {}});
  EXPECT_EQ(facts.instances.size(), 1U);
  EXPECT_EQ(section(facts, kInstancesSection).status, SectionStatus::kPartial);
  EXPECT_NE(section(facts, kInstancesSection).words.find("does not list i-9"), std::string::npos);
  EXPECT_EQ(judged(facts, "i-1").at("account.security-group-no-egress"), FindingResult::kFail);
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
    Ec2Service service(fleet());
    service.instead = [&](const Form& form) -> std::optional<HttpAnswer> {
      if (form.at("Action") != row.action) return std::nullopt;
      return form.contains("Json") ? json_refusal("AccessDeniedException")
                                   : ec2_refusal(403, "UnauthorizedOperation");
    };
    const AccountFacts facts = read(service);
    EXPECT_EQ(denials(facts), 1U) << row.action;
    EXPECT_EQ(section(facts, row.section).status, SectionStatus::kDenied) << row.action;
    auto results = judged(facts, "i-1");
    EXPECT_EQ(results.at(row.unknown), FindingResult::kUnknown) << row.action;
    EXPECT_EQ(results.at("account.interface-type"), FindingResult::kPass) << row.action;
    for (const AccountSection& one : facts.sections) {
      EXPECT_EQ(one.status == SectionStatus::kOk, one.name != row.section) << one.name;
    }
  }
}

TEST(AccountRead, WithoutInstancesNothingElseIsAsked) {
  for (const char* code : {"AuthFailure", "UnauthorizedOperation"}) {
    Ec2Service service(fleet());
    service.instead = [&](const Form&) { return ec2_refusal(401, code); };
    const AccountFacts facts = read(service);
    EXPECT_EQ(facts.sections.size(), 1U);
    EXPECT_TRUE(facts.instances.empty());
    EXPECT_EQ(section(facts, kInstancesSection).error_code, code);
    EXPECT_EQ(service.count("DescribeSecurityGroupRules"), 0U);
  }
}

TEST(AccountRead, APageThatDoesNotComeIsNoEndOfTheRules) {
  Ec2Service service(fleet());
  service.page_size = 1;  // the one that refers to itself comes first, the outbound ones never
  service.instead = [&](const Form& form) -> std::optional<HttpAnswer> {
    const bool second =
        form.contains("NextToken") && form.at("Action") == "DescribeSecurityGroupRules";
    if (!second) return std::nullopt;
    return HttpAnswer{200, {}, "<DescribeSecurityGroupRulesResponse><securityGroup"};
  };
  const AccountFacts facts = read(service);
  EXPECT_EQ(section(facts, kRulesSection).status, SectionStatus::kPartial);
  const auto results = judged(facts, "i-1");
  EXPECT_EQ(results.at("account.security-group-no-ingress"), FindingResult::kPass);
  EXPECT_EQ(results.at("account.security-group-no-egress"), FindingResult::kUnknown);
}

TEST(AccountRead, ATokenThatRepeatsEndsTheList) {
  Ec2Service service(fleet());
  service.instead = [&](const Form& form) -> std::optional<HttpAnswer> {
    if (form.at("Action") != "DescribeSecurityGroupRules") return std::nullopt;
    return HttpAnswer{200,
                      {},
                      "<DescribeSecurityGroupRulesResponse><securityGroupRuleSet/><nextToken>again"
                      "</nextToken></DescribeSecurityGroupRulesResponse>"};
  };
  const AccountFacts facts = read(service);
  EXPECT_EQ(service.count("DescribeSecurityGroupRules"), 2U);
  EXPECT_EQ(section(facts, kRulesSection).words,
            "DescribeSecurityGroupRules: its pages do not end");
  EXPECT_EQ(judged(facts, "i-1").at("account.security-group-no-egress"), FindingResult::kUnknown);
}

TEST(AccountRead, AGroupWithoutRulesIsOneThatIsThere) {
  for (const bool exists : {true, false}) {
    AccountFacts without = fleet();
    without.groups.at(0).rules.clear();
    without.groups.at(0).exists = exists;
    Ec2Service service(without);
    const AccountFacts facts = read(service);
    EXPECT_EQ(service.count("DescribeSecurityGroups"), 1U);
    EXPECT_EQ(judged(facts, "i-1").at("account.security-group-no-egress"),
              exists ? FindingResult::kFail : FindingResult::kUnknown);
  }
}

TEST(AccountRead, AReservationThatIsGoneSpoilsNoOther) {
  AccountFacts two = fleet();
  two.instances.at(0).reservation = "cr-0";
  Ec2Service service(two);
  service.instead = [&](const Form& form) -> std::optional<HttpAnswer> {
    const auto id = form.find("CapacityReservationId.1");
    if (id == form.end() || id->second != "cr-0") return std::nullopt;
    return ec2_refusal(400, "InvalidCapacityReservationId.NotFound");
  };
  const AccountFacts facts = read(service);
  EXPECT_EQ(section(facts, kReservationsSection).status, SectionStatus::kOk);
  EXPECT_EQ(judged(facts, "i-1").at("account.capacity-ends"), FindingResult::kUnknown);
  EXPECT_EQ(judged(facts, "i-2").at("account.capacity-ends"), FindingResult::kPass);
}

TEST(AccountRead, WhatIsNoAnswerIsNoFact) {
  for (const char* body :
       {"", "<html>502</html>", "{}", "<DescribeVpcsResponse/>", "<DescribeInstancesResponse/>"}) {
    Ec2Service service(fleet());
    service.instead = [&](const Form&) { return HttpAnswer{200, {}, body}; };
    const AccountFacts facts = read(service);
    EXPECT_TRUE(facts.instances.empty()) << body;
    EXPECT_EQ(section(facts, kInstancesSection).status, SectionStatus::kFailed) << body;
  }
}

TEST(AccountRead, RulesOfGroupsThatWereNotAskedForAreNotKept) {
  Ec2Service service(fleet());
  service.instead = [&](const Form& form) -> std::optional<HttpAnswer> {
    if (form.at("Action") != "DescribeSecurityGroupRules") return std::nullopt;
    return HttpAnswer{200,
                      {},
                      "<DescribeSecurityGroupRulesResponse><securityGroupRuleSet><item><groupId>"
                      "sg-x</groupId><isEgress>true</isEgress><ipProtocol>-1</ipProtocol></item>"
                      "</securityGroupRuleSet></DescribeSecurityGroupRulesResponse>"};
  };
  const AccountFacts facts = read(service);
  ASSERT_EQ(facts.groups.size(), 2U);
  EXPECT_TRUE(facts.groups.at(0).rules.empty());
}

TEST(AccountRead, AVolumeThatIsGoneIsNotListedAndSpoilsNoOther) {
  AccountFacts without = fleet();
  without.volumes.erase(without.volumes.begin());
  Ec2Service service(without);
  const AccountFacts facts = read(service);
  EXPECT_EQ(section(facts, kVolumesSection).status, SectionStatus::kOk);
  EXPECT_EQ(judged(facts, "i-1").at("account.root-volume-small"), FindingResult::kUnknown);
  EXPECT_EQ(judged(facts, "i-2").at("account.root-volume-small"), FindingResult::kPass);
}

// Answers to an action by its parameters.
using Instead = std::function<std::optional<HttpAnswer>(const Form&)>;
Instead instead_of(const std::string& action, const Instead& answer) {
  return
      [=](const Form& form) { return form.at("Action") == action ? answer(form) : std::nullopt; };
}

TEST(AccountRead, AProfileThatIsGoneIsAFact) {
  AccountFacts two = fleet();
  two.instances.at(0).profile_arn = "arn:aws:iam::111122223333:instance-profile/gone";
  for (const HttpAnswer& answer :
       {HttpAnswer{
            404, {}, "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>"},
        // one of its name that came after it
        HttpAnswer{200,
                   {},
                   "<GetInstanceProfileResponse><GetInstanceProfileResult><InstanceProfile><Arn>"
                   "arn:aws:iam::111122223333:instance-profile/path/gone</Arn><Roles/>"
                   "</InstanceProfile></GetInstanceProfileResult></GetInstanceProfileResponse>"}}) {
    Ec2Service service(two);
    service.instead = instead_of("GetInstanceProfile", [&](const Form& form) {
      const bool gone = form.at("InstanceProfileName") == "gone";
      return gone ? std::optional(answer) : std::nullopt;
    });
    const AccountFacts facts = read(service);
    EXPECT_EQ(section(facts, kProfilesSection).status, SectionStatus::kOk);
    EXPECT_EQ(judged(facts, "i-1").at("account.no-role"), FindingResult::kFail);
    EXPECT_EQ(judged(facts, "i-2").at("account.no-role"), FindingResult::kPass);
  }
}

TEST(AccountRead, ARoleThatIsGoneHasNoRightsAndSpoilsNothing) {
  Ec2Service service(fleet());
  service.instead = instead_of("SimulatePrincipalPolicy",
                               [](const Form&) { return ec2_refusal(404, "NoSuchEntity"); });
  const AccountFacts facts = read(service);
  EXPECT_TRUE(facts.rights.empty());
  EXPECT_EQ(section(facts, kRightsSection).status, SectionStatus::kOk);
  EXPECT_EQ(judged(facts, "i-1").at("account.session-logs"), FindingResult::kUnknown);
}

TEST(AccountRead, SessionsWithoutPreferencesAreNotLogged) {
  Ec2Service service(fleet());
  service.instead =
      instead_of("GetDocument", [](const Form&) { return json_refusal("InvalidDocument"); });
  const AccountFacts facts = read(service);
  EXPECT_FALSE(facts.session_log_group);
  EXPECT_EQ(section(facts, kSessionsSection).status, SectionStatus::kOk);
  EXPECT_EQ(service.count("SimulatePrincipalPolicy"), 1U);
  EXPECT_EQ(judged(facts, "i-1").at("account.session-logs"), FindingResult::kNotApplicable);
}

TEST(AccountRead, ALogGroupThatIsNamedIsNotAskedFor) {
  Ec2Service service(fleet());
  const AccountFacts facts = read(service, {{}, {{"tag:Fleet", "train"}}, "sessions"});
  EXPECT_EQ(service.count("GetDocument"), 0U);
  EXPECT_EQ(judged(facts, "i-1").at("account.session-logs"), FindingResult::kPass);
}

TEST(AccountRead, RightsAndManagedInstancesComeInPages) {
  Ec2Service service(fleet());
  service.page_size = 1;
  EXPECT_EQ(json_of(read(service)), json_of(fleet()));
  EXPECT_EQ(service.count("SimulatePrincipalPolicy"), 4U);
  EXPECT_EQ(service.count("DescribeInstanceInformation"), 3U);
}

TEST(AccountRead, OneIdThatSsmDoesNotTakeSpoilsNoOther) {
  Ec2Service service(fleet(50));
  service.instead = instead_of("DescribeInstanceInformation", [](const Form& form) {
    const bool bad = form.at("Json").find("\"i-7\"") != std::string::npos;
    return bad ? std::optional(json_refusal("InvalidInstanceId")) : std::nullopt;
  });
  const AccountFacts facts = read(service);
  EXPECT_EQ(facts.managed.size(), 49U);
  EXPECT_LT(service.count("DescribeInstanceInformation"), 15U);
  EXPECT_EQ(judged(facts, "i-7").at("account.not-managed"), FindingResult::kFail);
  EXPECT_EQ(judged(facts, "i-8").at("account.not-managed"), FindingResult::kPass);
}

TEST(AccountRead, OfIdsThatSsmNeverTakesTheAskingEnds) {
  Ec2Service service(fleet(500));
  service.instead = instead_of("DescribeInstanceInformation",
                               [](const Form&) { return json_refusal("InvalidInstanceId"); });
  const AccountFacts facts = read(service);
  EXPECT_LT(service.count("DescribeInstanceInformation"), 65U);
  EXPECT_EQ(section(facts, kManagedSection).status, SectionStatus::kFailed);
  EXPECT_EQ(judged(facts, "i-1").at("account.not-managed"), FindingResult::kUnknown);
}

TEST(AccountRead, WhatIsNoAnswerOfAServiceLeavesTheOthers) {
  for (const auto& [action, name] : {std::pair("DescribeVolumes", kVolumesSection),
                                     {"DescribeInstanceInformation", kManagedSection},
                                     {"GetInstanceProfile", kProfilesSection},
                                     {"GetDocument", kSessionsSection},
                                     {"SimulatePrincipalPolicy", kRightsSection}}) {
    for (const char* body : {"", "<html>502</html>", "{}", "[1]", "{\"NextToken\":\"", "<a/>"}) {
      Ec2Service service(fleet());
      service.instead = instead_of(action, [&](const Form&) { return HttpAnswer{200, {}, body}; });
      const AccountFacts facts = read(service);
      EXPECT_EQ(section(facts, name).status, SectionStatus::kFailed) << action << body;
      EXPECT_EQ(section(facts, kRulesSection).status, SectionStatus::kOk) << action << body;
    }
  }
}

TEST(AccountRead, ATokenOfAServiceThatRepeatsEndsItsList) {
  Ec2Service service(fleet());
  service.instead = [&](const Form& form) -> std::optional<HttpAnswer> {
    if (form.at("Action") == "DescribeInstanceInformation") {
      return HttpAnswer{200, {}, R"({"InstanceInformationList":[],"NextToken":"again"})"};
    }
    if (form.at("Action") != "SimulatePrincipalPolicy") return std::nullopt;
    return HttpAnswer{200,
                      {},
                      "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult>"
                      "<EvaluationResults/><IsTruncated>true</IsTruncated><Marker>again</Marker>"
                      "</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"};
  };
  const AccountFacts facts = read(service);
  EXPECT_EQ(section(facts, kManagedSection).words,
            "DescribeInstanceInformation: its pages do not end");
  EXPECT_EQ(section(facts, kRightsSection).words, "SimulatePrincipalPolicy: its pages do not end");
  EXPECT_EQ(judged(facts, "i-1").at("account.not-managed"), FindingResult::kUnknown);
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
