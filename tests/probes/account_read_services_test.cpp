// What SSM and IAM say of a fleet, where they page, refuse and go wrong.

#include <gtest/gtest.h>

#include "tests/support/account_reading.h"

namespace efa {
namespace {

// Answers to an action by its parameters.
using Instead = std::function<std::optional<HttpAnswer>(const Form&)>;
Instead instead_of(const std::string& action, const Instead& answer) {
  return
      [=](const Form& form) { return form.at("Action") == action ? answer(form) : std::nullopt; };
}

TEST(AccountReadServices, AProfileThatIsGoneIsAFact) {
  AccountFacts two = fleet_in_aws();
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
    const AccountFacts facts = read_from(service);
    EXPECT_EQ(section_named(facts, kProfilesSection).status, SectionStatus::kOk);
    EXPECT_EQ(results_of(facts, "i-1").at("account.no-role"), FindingResult::kFail);
    EXPECT_EQ(results_of(facts, "i-2").at("account.no-role"), FindingResult::kPass);
  }
}

TEST(AccountReadServices, ARoleThatIsGoneHasNoRightsAndSpoilsNothing) {
  Ec2Service service(fleet_in_aws());
  service.instead = instead_of("SimulatePrincipalPolicy",
                               [](const Form&) { return ec2_refusal(404, "NoSuchEntity"); });
  const AccountFacts facts = read_from(service);
  EXPECT_TRUE(facts.rights.empty());
  EXPECT_EQ(section_named(facts, kRightsSection).status, SectionStatus::kOk);
  EXPECT_EQ(results_of(facts, "i-1").at("account.session-logs"), FindingResult::kUnknown);
}

TEST(AccountReadServices, SessionsWithoutPreferencesAreNotLogged) {
  Ec2Service service(fleet_in_aws());
  service.instead =
      instead_of("GetDocument", [](const Form&) { return json_refusal("InvalidDocument"); });
  const AccountFacts facts = read_from(service);
  EXPECT_FALSE(facts.session_log_group);
  EXPECT_EQ(section_named(facts, kSessionsSection).status, SectionStatus::kOk);
  EXPECT_EQ(service.count("SimulatePrincipalPolicy"), 1U);
  EXPECT_EQ(results_of(facts, "i-1").at("account.session-logs"), FindingResult::kNotApplicable);
}

TEST(AccountReadServices, ALogGroupThatIsNamedIsNotAskedFor) {
  Ec2Service service(fleet_in_aws());
  const AccountFacts facts = read_from(service, {{}, {{"tag:Fleet", "train"}}, "sessions"});
  EXPECT_EQ(service.count("GetDocument"), 0U);
  EXPECT_EQ(results_of(facts, "i-1").at("account.session-logs"), FindingResult::kPass);
}

TEST(AccountReadServices, RightsAndManagedInstancesComeInPages) {
  Ec2Service service(fleet_in_aws());
  service.page_size = 1;
  EXPECT_EQ(json_of(read_from(service)), json_of(fleet_in_aws()));
  EXPECT_EQ(service.count("SimulatePrincipalPolicy"), 4U);
  EXPECT_EQ(service.count("DescribeInstanceInformation"), 3U);
}

TEST(AccountReadServices, OneIdThatSsmDoesNotTakeSpoilsNoOther) {
  Ec2Service service(fleet_in_aws(50));
  service.instead = instead_of("DescribeInstanceInformation", [](const Form& form) {
    const bool bad = form.at("Json").find("\"i-7\"") != std::string::npos;
    return bad ? std::optional(json_refusal("InvalidInstanceId")) : std::nullopt;
  });
  const AccountFacts facts = read_from(service);
  EXPECT_EQ(facts.managed.size(), 49U);
  EXPECT_LT(service.count("DescribeInstanceInformation"), 15U);
  EXPECT_EQ(results_of(facts, "i-7").at("account.not-managed"), FindingResult::kFail);
  EXPECT_EQ(results_of(facts, "i-8").at("account.not-managed"), FindingResult::kPass);
}

TEST(AccountReadServices, OfIdsThatSsmNeverTakesTheAskingEnds) {
  Ec2Service service(fleet_in_aws(500));
  service.instead = instead_of("DescribeInstanceInformation",
                               [](const Form&) { return json_refusal("InvalidInstanceId"); });
  const AccountFacts facts = read_from(service);
  EXPECT_LT(service.count("DescribeInstanceInformation"), 65U);
  EXPECT_EQ(section_named(facts, kManagedSection).status, SectionStatus::kFailed);
  EXPECT_EQ(results_of(facts, "i-1").at("account.not-managed"), FindingResult::kUnknown);
}

TEST(AccountReadServices, WhatIsNoAnswerOfAServiceLeavesTheOthers) {
  for (const auto& [action, name] : {std::pair("DescribeVolumes", kVolumesSection),
                                     {"DescribeInstanceInformation", kManagedSection},
                                     {"GetInstanceProfile", kProfilesSection},
                                     {"GetDocument", kSessionsSection},
                                     {"SimulatePrincipalPolicy", kRightsSection}}) {
    for (const char* body : {"", "<html>502</html>", "{}", "[1]", "{\"NextToken\":\"", "<a/>"}) {
      Ec2Service service(fleet_in_aws());
      service.instead = instead_of(action, [&](const Form&) { return HttpAnswer{200, {}, body}; });
      const AccountFacts facts = read_from(service);
      EXPECT_EQ(section_named(facts, name).status, SectionStatus::kFailed) << action << body;
      EXPECT_EQ(section_named(facts, kRulesSection).status, SectionStatus::kOk) << action << body;
    }
  }
}

TEST(AccountReadServices, ATokenOfAServiceThatRepeatsEndsItsList) {
  Ec2Service service(fleet_in_aws());
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
  const AccountFacts facts = read_from(service);
  EXPECT_EQ(section_named(facts, kManagedSection).words,
            "DescribeInstanceInformation: its pages do not end");
  EXPECT_EQ(section_named(facts, kRightsSection).words,
            "SimulatePrincipalPolicy: its pages do not end");
  EXPECT_EQ(results_of(facts, "i-1").at("account.not-managed"), FindingResult::kUnknown);
}

}  // namespace
}  // namespace efa
