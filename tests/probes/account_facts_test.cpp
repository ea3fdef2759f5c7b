// What AWS's API said, as it goes from a probe to the agent and into recordings.

#include "probes/account/facts.h"

#include <gtest/gtest.h>

#include "probes/base/describe.h"
#include "tests/support/account_fleet.h"

namespace efa {
namespace {

TEST(AccountFacts, AreTheSameAfterTheWayThroughJson) {
  AccountFacts facts = fleet_of("a in all a, a out all pl-1", "i1: a, i2: -");
  facts.caller = AccountCaller{"111122223333", "arn:aws:iam::111122223333:user/admin"};
  facts.sections.at(1).status = SectionStatus::kPartial;
  facts.groups.at(0).rules.push_back({.egress = true,
                                      .protocol = "tcp",
                                      .from = 0,
                                      .to = 65'535,
                                      .peer = AccountPeerGroup{"sg-b", "2", "vpc-2", "active"}});
  facts.sections.at(1).denied_action = "ec2:DescribeSecurityGroupRules";
  facts.instances.at(0).reservation_wanted = "cr-1";
  facts.rights.at(0).has_conditions = true;
  const std::string json = render_json(to_value(facts));
  const Result<Value> value = parse_json(json, "facts");
  ASSERT_TRUE(value);
  const Result<AccountFacts> again = from_value<AccountFacts>(*value, "account");
  ASSERT_TRUE(again);
  EXPECT_EQ(render_json(to_value(*again)), json);
  EXPECT_EQ(again->sections.at(1).status, SectionStatus::kPartial);
  EXPECT_EQ(again->sections.at(1).denied_action, "ec2:DescribeSecurityGroupRules");
  EXPECT_EQ(again->instances.at(0).imds_hop_limit, 2);
  EXPECT_EQ(again->instances.at(0).reservation_wanted, "cr-1");
  EXPECT_EQ(again->profiles.at(0).role, "arn:aws:iam::111122223333:role/node");
  EXPECT_EQ(again->session_log_group, "sessions");
  EXPECT_TRUE(again->rights.at(0).has_conditions);
  EXPECT_EQ(again->groups.at(0).rules.back().peer->peering, "active");
}

TEST(AccountFacts, OfAnotherShapeAreNone) {
  for (const char* json : {R"({"instances":{}})", R"({"groups":[{"rules":[{"egress":"yes"}]}]})",
                           R"({"sections":[{"name":7}]})", R"({"asked_ms":"now"})"}) {
    EXPECT_FALSE(from_value<AccountFacts>(*parse_json(json, "x"), "account")) << json;
  }
  const auto odd = from_value<AccountFacts>(
      *parse_json(R"({"sections":[{"name":"rules","status":"splendid"}]})", "x"), "account");
  ASSERT_TRUE(odd);
  EXPECT_FALSE(is_whole(*odd, kRulesSection));
}

TEST(AccountFacts, SayWhyAKindIsNotWhole) {
  struct Row {
    SectionStatus status;
    const char* why;
  };
  AccountFacts facts = fleet_of("a", "i1: a");
  AccountSection& rules = facts.sections.at(1);
  rules.error_code = "UnauthorizedOperation";
  rules.words = "ec2.eu-west-1.amazonaws.com: no answer in time";
  for (const Row& row :
       {Row{SectionStatus::kOk, ""},
        {SectionStatus::kDenied, "the caller may not ask (UnauthorizedOperation)"},
        {SectionStatus::kThrottled, "AWS asked for fewer requests until the time was over"},
        {SectionStatus::kPartial,
         "only a part came: ec2.eu-west-1.amazonaws.com: no answer in time"},
        {SectionStatus::kFailed, "ec2.eu-west-1.amazonaws.com: no answer in time"}}) {
    rules.status = row.status;
    EXPECT_EQ(why_not_whole(facts, kRulesSection), row.why);
    EXPECT_EQ(is_whole(facts, kRulesSection), row.status == SectionStatus::kOk);
  }
  facts.sections.clear();
  EXPECT_EQ(why_not_whole(facts, kRulesSection), "was not asked");
  EXPECT_FALSE(is_whole(facts, kRulesSection));
}

}  // namespace
}  // namespace efa
