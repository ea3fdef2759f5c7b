// Answers of AWS's API (synthetic, in the shapes of the EC2 API Reference) and what is no such
// answer.

#include "probes/account/parse.h"

#include <gtest/gtest.h>

namespace efa {
namespace {

// The answer to an action, with a list of these items.
std::string answer(const std::string& action, const std::string& list, const std::string& items,
                   const std::string& more = "") {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<" + action +
         "Response "
         "xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>8f7724cf</requestId>"
         "<" +
         list + ">" + items + "</" + list + ">" + more + "</" + action + "Response>";
}

std::string instances(const std::string& items, const std::string& more = "") {
  return answer(
      "DescribeInstances", "reservationSet",
      "<item><reservationId>r-1</reservationId><instancesSet>" + items + "</instancesSet></item>",
      more);
}

const char* const kInstance =
    "<item><instanceId>i-0123456789abcdef0</instanceId><imageId>ami-1</imageId>"
    "<instanceState><code>16</code><name>running</name></instanceState>"
    "<instanceType>p5.48xlarge</instanceType><placement><availabilityZone>us-west-2b"
    "</availabilityZone><groupName>train one</groupName><groupId>pg-1</groupId>"
    "<tenancy>default</tenancy><partitionNumber>2</partitionNumber></placement>"
    "<subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><ipAddress>198.51.100.7</ipAddress>"
    "<iamInstanceProfile><arn>arn:aws:iam::111122223333:instance-profile/node</arn>"
    "</iamInstanceProfile><instanceLifecycle>capacity-block</instanceLifecycle>"
    "<capacityReservationId>cr-1</capacityReservationId><rootDeviceName>/dev/xvda</rootDeviceName>"
    "<blockDeviceMapping><item><deviceName>/dev/sdb</deviceName><ebs><volumeId>vol-2</volumeId>"
    "</ebs></item><item><deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-1</volumeId></ebs>"
    "</item></blockDeviceMapping><networkInterfaceSet><item><networkInterfaceId>eni-1"
    "</networkInterfaceId><subnetId>subnet-2</subnetId><vpcId>vpc-1</vpcId><description>of Ann"
    "</description><macAddress>0e:8b:10:5d:54:fb</macAddress><groupSet><item><groupId>sg-1"
    "</groupId><groupName>efa</groupName></item><item><groupId>sg-2</groupId></item></groupSet>"
    "<attachment><deviceIndex>1</deviceIndex><networkCardIndex>3</networkCardIndex><status>attached"
    "</status></attachment><interfaceType>efa-only</interfaceType></item></networkInterfaceSet>"
    "</item>";

TEST(AccountParse, ReadsAnInstanceAndItsInterfaces) {
  const auto page = parse_instances(instances(kInstance, "<nextToken>eyJ2IjoiMiJ9</nextToken>"));
  ASSERT_TRUE(page) << message_of(page.error());
  EXPECT_EQ(page->next, "eyJ2IjoiMiJ9");
  ASSERT_EQ(page->items.size(), 1U);
  const AccountInstance& one = page->items[0];
  EXPECT_EQ(one.id, "i-0123456789abcdef0");
  EXPECT_EQ(one.type, "p5.48xlarge");
  EXPECT_EQ(one.state, "running");
  EXPECT_EQ(one.zone, "us-west-2b");
  EXPECT_EQ(one.placement_group->name, "train one");
  EXPECT_EQ(one.placement_group->id, "pg-1");
  EXPECT_EQ(one.placement_group->partition, 2);
  EXPECT_EQ(one.tenancy, "default");
  EXPECT_EQ(one.lifecycle, "capacity-block");
  EXPECT_EQ(one.reservation, "cr-1");
  EXPECT_EQ(one.root_volume, "vol-1");
  EXPECT_EQ(one.has_public_address, true);
  ASSERT_EQ(one.interfaces.size(), 1U);
  const AccountInterface& interface = one.interfaces[0];
  EXPECT_EQ(interface.id, "eni-1");
  EXPECT_EQ(interface.type, "efa-only");
  EXPECT_EQ(interface.mac, "0e:8b:10:5d:54:fb");
  EXPECT_EQ(interface.mac->to_text(), "0e:8b:10:5d:54:fb");
  EXPECT_EQ(interface.card, 3);
  EXPECT_EQ(interface.device, 1);
  EXPECT_EQ(interface.status, "attached");
  EXPECT_EQ(interface.subnet, "subnet-2");
  EXPECT_EQ(interface.groups, (std::vector<SharedText>{"sg-1", "sg-2"}));
}

TEST(AccountParse, ReadsWhatAnInstanceWasLaunchedAs) {
  const auto page = parse_instances(
      instances("<item><instanceId>i-1</instanceId><metadataOptions><state>applied</state>"
                "<httpTokens>required</httpTokens><httpPutResponseHopLimit>2"
                "</httpPutResponseHopLimit><httpEndpoint>disabled</httpEndpoint></metadataOptions>"
                "<capacityReservationSpecification><capacityReservationTarget>"
                "<capacityReservationId>cr-1</capacityReservationId></capacityReservationTarget>"
                "</capacityReservationSpecification><networkInterfaceSet><item><association>"
                "<publicIp>198.51.100.7</publicIp></association></item></networkInterfaceSet>"
                "</item><item><instanceId>i-2</instanceId><metadataOptions><httpEndpoint>maybe"
                "</httpEndpoint></metadataOptions><capacityReservationSpecification>"
                "<capacityReservationPreference>open</capacityReservationPreference>"
                "</capacityReservationSpecification></item>"));
  ASSERT_TRUE(page) << message_of(page.error());
  const AccountInstance& one = page->items.at(0);
  EXPECT_EQ(one.imds_enabled, false);
  EXPECT_EQ(one.imds_tokens, "required");
  EXPECT_EQ(one.imds_hop_limit, 2);
  EXPECT_EQ(one.reservation_wanted, "cr-1");
  EXPECT_FALSE(one.reservation_preference);
  EXPECT_EQ(one.has_public_address, true);
  const AccountInstance& other = page->items.at(1);
  EXPECT_FALSE(other.imds_enabled);
  EXPECT_FALSE(other.imds_hop_limit);
  EXPECT_FALSE(other.reservation_wanted);
  EXPECT_EQ(other.reservation_preference, "open");
  EXPECT_EQ(other.has_public_address, false);
}

TEST(AccountParse, WhatWasNotToldIsAbsent) {
  const auto page = parse_instances(
      instances("<item><instanceId>i-1</instanceId><placement><groupName/></placement>"
                "<networkInterfaceSet><item><macAddress>02:00:00:18402x:ff</macAddress>"
                "<groupSet/><attachment><networkCardIndex>one</networkCardIndex></attachment>"
                "<interfaceType>\x1b[2Jefa</interfaceType></item></networkInterfaceSet></item>"));
  ASSERT_TRUE(page);
  const AccountInstance& one = page->items.at(0);
  EXPECT_FALSE(one.placement_group);
  EXPECT_FALSE(one.type);
  EXPECT_FALSE(one.interfaces.at(0).mac);
  EXPECT_FALSE(one.interfaces.at(0).card);
  EXPECT_FALSE(one.interfaces.at(0).type);
  EXPECT_FALSE(one.interfaces.at(0).groups) << "no interface is in none: they were not told";
}

TEST(AccountParse, InstancesThatAreGoneAreLeftOut) {
  std::string text = kInstance;
  text.replace(text.find("running"), 7, "terminated");
  const auto page = parse_instances(instances(text));
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->items.empty());
}

TEST(AccountParse, ReadsRulesOfEveryPeer) {
  const std::string head =
      "<item><groupId>sg-1</groupId><ipProtocol>-1</ipProtocol>"
      "<fromPort>-1</fromPort><toPort>-1</toPort>";
  const auto page = parse_rules(
      answer("DescribeSecurityGroupRules", "securityGroupRuleSet",
             head +
                 "<isEgress>false</isEgress><referencedGroupInfo><groupId>sg-2</groupId><userId>2"
                 "</userId><vpcId>vpc-2</vpcId><peeringStatus>active</peeringStatus>"
                 "</referencedGroupInfo><description>for Ann</description></item>" +
                 head + "<isEgress>true</isEgress><cidrIpv4>0.0.0.0/0</cidrIpv4></item>" + head +
                 "<isEgress>True</isEgress><cidrIpv6>::/0</cidrIpv6></item>" + head +
                 "<isEgress>true</isEgress><prefixListId>pl-1</prefixListId></item>"));
  ASSERT_TRUE(page) << message_of(page.error());
  ASSERT_EQ(page->items.size(), 4U);
  EXPECT_EQ(page->items[0].group, "sg-1");
  EXPECT_FALSE(page->items[0].rule.egress);
  EXPECT_EQ(page->items[0].rule.protocol, "-1");
  EXPECT_EQ(page->items[0].rule.peer->id, "sg-2");
  EXPECT_EQ(page->items[0].rule.peer->account, "2");
  EXPECT_EQ(page->items[0].rule.peer->peering, "active");
  EXPECT_EQ(page->items[1].rule.cidr4, "0.0.0.0/0");
  EXPECT_TRUE(page->items[2].rule.egress);
  EXPECT_EQ(page->items[2].rule.cidr6, "::/0");
  EXPECT_EQ(page->items[3].rule.prefix_list, "pl-1");
  EXPECT_FALSE(page->items[3].rule.peer);
}

TEST(AccountParse, ReadsTheOtherKinds) {
  const auto groups = parse_placement_groups(
      answer("DescribePlacementGroups", "placementGroupSet",
             "<item><groupName>train one</groupName><strategy>cluster</strategy>"
             "<state>available</state></item>"));
  ASSERT_TRUE(groups);
  EXPECT_EQ(groups->items.at(0).name, "train one");
  EXPECT_EQ(groups->items.at(0).strategy, "cluster");

  const auto types = parse_types(
      answer("DescribeInstanceTypes", "instanceTypeSet",
             "<item><instanceType>p5.48xlarge</instanceType><networkInfo><maximumNetworkCards>32"
             "</maximumNetworkCards><efaSupported>true</efaSupported><efaInfo>"
             "<maximumEfaInterfaces>32</maximumEfaInterfaces></efaInfo></networkInfo></item>"
             "<item><instanceType>m5.large</instanceType><networkInfo><efaSupported>false"
             "</efaSupported></networkInfo></item>"));
  ASSERT_TRUE(types);
  EXPECT_EQ(types->items.at(0).most_efa, 32);
  EXPECT_EQ(types->items.at(0).cards, 32);
  EXPECT_EQ(types->items.at(1).efa, false);
  EXPECT_FALSE(types->items.at(1).most_efa);

  const auto reservations = parse_reservations(
      answer("DescribeCapacityReservations", "capacityReservationSet",
             "<item><capacityReservationId>cr-1</capacityReservationId><state>active</state>"
             "<endDate>2026-11-23T22:00:00.000Z</endDate><reservationType>capacity-block"
             "</reservationType></item>"));
  ASSERT_TRUE(reservations);
  EXPECT_EQ(reservations->items.at(0).ends_ms, 1'795'471'200'000);
  EXPECT_EQ(reservations->items.at(0).kind, "capacity-block");

  const auto ids = parse_group_ids(answer("DescribeSecurityGroups", "securityGroupInfo",
                                          "<item><groupId>sg-1</groupId></item>"));
  ASSERT_TRUE(ids);
  EXPECT_EQ(ids->items, std::vector<std::string>{"sg-1"});

  const auto caller = parse_caller(
      "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/u</Arn>"
      "<Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>");
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->account, "111122223333");
}

TEST(AccountParse, AnEmptyListIsAnAnswerAndNoListIsNone) {
  const auto empty = parse_rules(answer("DescribeSecurityGroupRules", "securityGroupRuleSet", ""));
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->items.empty());
  EXPECT_FALSE(parse_rules("<DescribeSecurityGroupRulesResponse/>"));
}

TEST(AccountParse, WhatIsNoAnswerIsAnError) {
  const std::string whole = instances(kInstance);
  std::string interfaces;
  for (int i = 0; i < 257; ++i) interfaces += "<item/>";
  std::string many;
  for (int i = 0; i < 10'001; ++i) many += "<item><instanceId>i-1</instanceId></item>";
  for (const std::string& body :
       {std::string(), std::string("<html><body>504</body></html>"), std::string("{}"),
        whole.substr(0, whole.size() / 2), answer("DescribeVpcs", "reservationSet", ""),
        instances("<item><instanceType>p5.48xlarge</instanceType></item>"),
        instances("<item><instanceId>i 1; reboot</instanceId></item>"),
        instances("<item><instanceId>i-1</instanceId><networkInterfaceSet>" + interfaces +
                  "</networkInterfaceSet></item>"),
        instances(many), instances("", "<nextToken>" + std::string(5'000, 'a') + "</nextToken>")}) {
    EXPECT_FALSE(parse_instances(body)) << body.substr(0, 200);
  }
  for (const char* item :
       {"<item/>", "<item><groupId>sg-1</groupId><isEgress>true</isEgress></item>",
        "<item><groupId>sg-1</groupId><isEgress>maybe</isEgress><ipProtocol>-1</ipProtocol></item>",
        "<item><groupId>sg-1</groupId><isEgress>true</isEgress><ipProtocol>-1</ipProtocol>"
        "<referencedGroupInfo/></item>"}) {
    EXPECT_FALSE(parse_rules(answer("DescribeSecurityGroupRules", "securityGroupRuleSet", item)))
        << item;
  }
}

std::string profile(const std::string& roles) {
  return "<GetInstanceProfileResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">"
         "<GetInstanceProfileResult><InstanceProfile><InstanceProfileName>node"
         "</InstanceProfileName><Arn>arn:aws:iam::1:instance-profile/node</Arn>" +
         roles + "</InstanceProfile></GetInstanceProfileResult></GetInstanceProfileResponse>";
}

TEST(AccountParse, ReadsAProfileAndItsRole) {
  const auto with = parse_instance_profile(
      profile("<Roles><member><RoleName>node</RoleName><Arn>arn:aws:iam::1:role/node</Arn></member>"
              "</Roles>"));
  ASSERT_TRUE(with) << message_of(with.error());
  EXPECT_EQ(with->arn, "arn:aws:iam::1:instance-profile/node");
  EXPECT_EQ(with->role, "arn:aws:iam::1:role/node");
  const auto without = parse_instance_profile(profile("<Roles/>"));
  ASSERT_TRUE(without);
  EXPECT_TRUE(without->exists);
  EXPECT_FALSE(without->role);
  for (const std::string& body :
       {profile(""), profile("<Roles><member/></Roles>"), std::string(), std::string("{}"),
        std::string("<GetInstanceProfileResponse/>")}) {
    EXPECT_FALSE(parse_instance_profile(body)) << body;
  }
}

std::string simulation(const std::string& content) {
  return "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult>" + content +
         "</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>";
}

TEST(AccountParse, ReadsWhatARoleMay) {
  const auto page = parse_rights(
      simulation("<IsTruncated>true</IsTruncated><Marker>m1</Marker><EvaluationResults><member>"
                 "<EvalActionName>ssm:UpdateInstanceInformation</EvalActionName>"
                 "<EvalResourceName>*</EvalResourceName><EvalDecision>allowed</EvalDecision>"
                 "<MatchedStatements><member/></MatchedStatements><MissingContextValues/></member>"
                 "<member><EvalActionName>logs:PutLogEvents</EvalActionName><EvalResourceName>"
                 "arn:aws:logs:x</EvalResourceName><EvalDecision>implicitDeny</EvalDecision>"
                 "<MissingContextValues><member>aws:SourceVpc</member></MissingContextValues>"
                 "</member></EvaluationResults>"),
      "role");
  ASSERT_TRUE(page) << message_of(page.error());
  EXPECT_EQ(page->next, "m1");
  EXPECT_EQ(page->items.at(0).role, "role");
  EXPECT_EQ(page->items.at(0).action, "ssm:UpdateInstanceInformation");
  EXPECT_EQ(page->items.at(0).decision, "allowed");
  EXPECT_FALSE(page->items.at(0).has_conditions);
  EXPECT_EQ(page->items.at(1).resource, "arn:aws:logs:x");
  EXPECT_TRUE(page->items.at(1).has_conditions);
  const auto last = parse_rights(
      simulation("<EvaluationResults/><IsTruncated>false</IsTruncated><Marker>m</Marker>"), "role");
  ASSERT_TRUE(last);
  EXPECT_EQ(last->next, "");
  for (const char* content :
       {"", "<EvaluationResults/><IsTruncated>true</IsTruncated>",
        "<EvaluationResults><member><EvalActionName>a:b</EvalActionName></member>"
        "</EvaluationResults>"}) {
    EXPECT_FALSE(parse_rights(simulation(content), "role")) << content;
  }
}

TEST(AccountParse, ReadsInstancesThatSsmKnows) {
  const auto page = parse_managed(
      R"({"InstanceInformationList":[{"InstanceId":"i-1","PingStatus":"Online","AgentVersion":
      "3.3.987.0","LastPingDateTime":1.7954712E9,"ComputerName":"node of Ann"},
      {"InstanceId":"i-2","PingStatus":7}],"NextToken":"t"})");
  ASSERT_TRUE(page) << message_of(page.error());
  EXPECT_EQ(page->next, "t");
  EXPECT_EQ(page->items.at(0).instance, "i-1");
  EXPECT_EQ(page->items.at(0).ping, "Online");
  EXPECT_EQ(page->items.at(0).agent_version, "3.3.987.0");
  EXPECT_FALSE(page->items.at(1).ping);
  for (const std::string& body :
       {std::string(), std::string("<html/>"), std::string("[]"), std::string("{}"),
        std::string(R"({"InstanceInformationList":{}})"),
        std::string(R"({"InstanceInformationList":[{}]})"),
        std::string(R"({"InstanceInformationList":[{"InstanceId":"i-1\n; reboot"}]})"),
        std::string(R"({"InstanceInformationList":[)"),
        R"({"InstanceInformationList":[],"NextToken":")" + std::string(5'000, 'a') + "\"}"}) {
    EXPECT_FALSE(parse_managed(body)) << body.substr(0, 100);
  }
}

TEST(AccountParse, ReadsWhereSessionsAreLogged) {
  const auto body = [](const std::string& content) {
    return R"({"Name":"SSM-SessionManagerRunShell","Content":")" + content + "\"}";
  };
  const auto group = parse_session_log_group(
      body(R"({\"inputs\":{\"s3BucketName\":\"\",\"cloudWatchLogGroupName\":\"/aws/ssm/s\"}})"));
  ASSERT_TRUE(group) << message_of(group.error());
  EXPECT_EQ(*group, "/aws/ssm/s");
  const auto none = parse_session_log_group(body(R"({\"inputs\":{}})"));
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  for (const std::string& bad :
       {std::string(), std::string("{}"), body(""), body("{}"), body(R"({\"inputs\":7})"),
        body(R"({\"inputs\":{\"cloudWatchLogGroupName\":\"a b\"}})")}) {
    EXPECT_FALSE(parse_session_log_group(bad)) << bad;
  }
}

TEST(AccountParse, WhatIsNoMacIsNone) {
  for (const char* text :
       {"", "0e:8b:10:5d:54", "0e:8b:10:5d:54:fb:", "0e:8b:10:5d:54:fg", "0e-8b-10-5d-54-fb",
        "0e:8b:10:5d:54:-1", "0e:8b:10:5d:54: 1", "02:00:00:18402x:ff", "0e:8b:10:5d:54::f"}) {
    EXPECT_FALSE(MacAddress::from_text(text)) << text;
  }
  EXPECT_EQ(MacAddress::from_text("0E:8B:10:5D:54:FB"), MacAddress::from_text("0e:8b:10:5d:54:fb"));
}

TEST(AccountParse, TextsThatAreSharedStayApart) {
  const SharedText a("a");
  const SharedText b("b");
  EXPECT_EQ(a, SharedText("a"));
  EXPECT_FALSE(a == b);
  EXPECT_EQ(b.to_text(), "b");
  EXPECT_EQ(SharedText().to_text(), "");
}

}  // namespace
}  // namespace efa
