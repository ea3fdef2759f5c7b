// What is said of the network interfaces that AWS lists.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cerrno>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "probes/base/describe.h"
#include "probes/net/read.h"
#include "probes/net/rules.h"
#include "tests/support/check_case.h"
#include "tests/support/said.h"

namespace efa {

CheckCases net_cases() {
  return {
      {"net.no-policy-routing", kFail, kNodeSubject, [](Scene& s) { s.node.net.facts.rules = 0; }},
      {"net.no-policy-routing", kUnknown, kNodeSubject,
       [](Scene& s) { s.node.net.facts.rules.reset(); }},
      {"net.interface-down", kFail, device(1),
       [](Scene& s) { s.node.net.facts.interfaces.at(1).state = "down"; }},
      {"net.interface-down", kUnknown, device(1),
       [](Scene& s) { silence(s.node.net, ProbeStatus::kTimedOut); }},
  };
}

namespace {

TEST(Net, OneInterfaceWithAnAddressNeedsNoRules) {
  Scene scene = healthy_scene();
  scene.node.net.facts.rules = 0;
  for (size_t i = 1; i < scene.node.net.facts.interfaces.size(); ++i) {
    scene.node.net.facts.interfaces.at(i).addresses = {"fe80::1"};
  }
  EXPECT_EQ(result_of(scene, "net.no-policy-routing", kNodeSubject), kPass);
}

// What is said of policy routing on a node whose interfaces are so.
std::string said_of_routing(const std::function<void(NetInterface&)>& change) {
  Scene scene = healthy_scene();
  scene.node.net.facts.rules = 0;
  for (NetInterface& one : scene.node.net.facts.interfaces) change(one);
  const std::vector<Finding> findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, "net.no-policy-routing", kNodeSubject);
  return std::string(result_text(finding->result)) + ": " + finding->message;
}

TEST(Net, WhereThereIsNoIpv4NoRulesAreMissed) {
  const auto addresses = [](std::vector<std::string> given) {
    return [given = std::move(given)](NetInterface& one) { one.addresses = given; };
  };
  constexpr const char* kNone =
      "not_applicable: no interface that AWS lists has an IPv4 address here";
  EXPECT_EQ(said_of_routing(addresses({"2600:1f18::5", "fe80::1"})), kNone);
  EXPECT_EQ(said_of_routing(addresses({})), kNone);
  EXPECT_TRUE(said_of_routing(addresses({"2600:1f18::5", "10.0.0.5"})).starts_with("fail: "));
}

TEST(Net, WhatIsNotUpIsNotSaidToHaveNoAddress) {
  EXPECT_EQ(said_of_routing([](NetInterface& one) {
              one.state = "down";
              one.addresses.clear();
            }),
            "unknown: no interface that AWS lists is up here");
  EXPECT_TRUE(
      said_of_routing([](NetInterface& one) { one.state = "unknown"; }).starts_with("fail: "))
      << "of a driver that does not tell";
}

TEST(Net, AddressesThatWereNotSeenAreNotMissed) {
  Scene scene = healthy_scene();
  for (NetInterface& one : scene.node.net.facts.interfaces) one.addresses.clear();
  scene.node.net.facts.addresses_unseen = Unseen{"any words", "Operation not permitted", EPERM};
  EXPECT_EQ(result_of(scene, "net.no-policy-routing", kNodeSubject), kUnknown);
  scene = healthy_scene();
  for (CloudInterface& one : scene.node.cloud.facts.interfaces) one.subnet_id.reset();
  EXPECT_EQ(result_of(scene, "net.no-policy-routing", kNodeSubject), kUnknown) << "of no subnet";
}

// In which no file and no socket can be opened.
class NoMoreFiles {
 public:
  NoMoreFiles() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{0, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  NoMoreFiles(const NoMoreFiles&) = delete;
  NoMoreFiles& operator=(const NoMoreFiles&) = delete;
  ~NoMoreFiles() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST(Net, AddressesThatTheReaderCouldNotAskForAreNotMissed) {
  const Result<Sysroot> root = Sysroot::open("/");
  ASSERT_TRUE(root.ok());
  Said said;
  {
    const NoMoreFiles none;
    said.read(*root, read_net);
  }
  const Result<NetFacts> seen = from_value<NetFacts>(said.facts(), "facts");
  ASSERT_TRUE(seen.ok());
  ASSERT_TRUE(seen->addresses_unseen);
  EXPECT_EQ(seen->addresses_unseen->os_error, EMFILE);
  Scene scene = healthy_scene();
  for (NetInterface& one : scene.node.net.facts.interfaces) one.addresses.clear();
  EXPECT_EQ(result_of(scene, "net.no-policy-routing", kNodeSubject), kNotApplicable);
  scene.node.net.facts.addresses_unseen = seen->addresses_unseen;
  EXPECT_EQ(result_of(scene, "net.no-policy-routing", kNodeSubject), kUnknown);
}

// The first interface of that MAC, which is found in no subnet, is the port.
TEST(Net, AnAddressOfABridgeIsAnAddress) {
  Scene scene = healthy_scene(1);
  NetInterface bridge = scene.node.net.facts.interfaces.at(0);
  bridge.name = "br0";
  scene.node.net.facts.interfaces.at(0).addresses.clear();
  scene.node.net.facts.interfaces.push_back(bridge);
  EXPECT_EQ(result_of(scene, "net.no-policy-routing", kNodeSubject), kUnknown);
}

TEST(Net, AnEfaOnlyInterfaceNeedsNoneHere) {
  Scene scene = healthy_scene();
  scene.node.cloud.facts.interfaces.at(1).has_ipv4 = false;
  scene.node.net.facts.interfaces.erase(scene.node.net.facts.interfaces.begin() + 1);
  EXPECT_EQ(result_of(scene, "net.interface-down", device(1)), kNotApplicable);
}

TEST(Net, AnAddressThatAwsGaveAndNobodySetIsMissed) {
  Scene scene = healthy_scene();
  scene.node.net.facts.interfaces.at(1).addresses = {"fe80::1"};
  EXPECT_EQ(result_of(scene, "net.interface-down", device(1)), kFail);
  EXPECT_EQ(result_of(scene, "net.interface-down", device(0)), kPass);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy) << "an info";
  scene.node.net.outcome.status = ProbeStatus::kTimedOut;
  EXPECT_EQ(result_of(scene, "net.interface-down", device(1)), kPass) << "it had not asked yet";
  scene.node.net.outcome.status = ProbeStatus::kOk;
  scene.node.net.facts.addresses_unseen = Unseen{"any words", "Operation not permitted", EPERM};
  EXPECT_EQ(result_of(scene, "net.interface-down", device(1)), kPass) << "addresses were not seen";
}

TEST(Net, OneOfTheAddressesThatAwsGaveIsThere) {
  const auto said = [](std::vector<std::string> given, std::vector<std::string> here) {
    Scene scene = healthy_scene();
    scene.node.cloud.facts.interfaces.at(1).ipv4s = std::move(given);
    scene.node.net.facts.interfaces.at(1).addresses = std::move(here);
    return result_of(scene, "net.interface-down", device(1));
  };
  EXPECT_EQ(said({"10.0.0.11"}, {"10.0.0.11", "fe80::1"}), kPass);
  EXPECT_EQ(said({"10.0.0.11", "10.0.0.12"}, {"10.0.0.12"}), kPass);
  EXPECT_EQ(said({"10.0.0.11"}, {"169.254.8.8", "fe80::1"}), kFail);
  EXPECT_EQ(said({}, {"10.0.0.99"}), kPass) << "which one is not known";
}

TEST(Net, ABridgeMayHaveTheAddress) {
  Scene scene = healthy_scene();
  scene.node.cloud.facts.interfaces.at(1).ipv4s = {"10.0.0.11"};
  NetInterface& port = scene.node.net.facts.interfaces.at(1);
  port.addresses.clear();
  NetInterface bridge = port;
  bridge.name = "br0";
  bridge.addresses = {"10.0.0.11"};
  scene.node.net.facts.interfaces.push_back(bridge);
  EXPECT_EQ(result_of(scene, "net.interface-down", device(1)), kPass);
}

TEST(Net, ARuleOfAPluginForPodsIsNoneOfTheInterfaces) {
  const auto said = [](std::optional<std::vector<std::string>> rules_of) {
    Scene scene = healthy_scene();
    scene.node.net.facts.rules = 5;
    scene.node.net.facts.rules_of = std::move(rules_of);
    for (size_t i = 0; i < 4; ++i) {
      scene.node.net.facts.interfaces.at(i).addresses = {"10.0.0." + std::to_string(10 + i)};
      scene.node.cloud.facts.interfaces.at(i).subnet_id =
          i < 2 ? "subnet-1" : "subnet-of-" + std::to_string(i);
    }
    return result_of(scene, "net.no-policy-routing", kNodeSubject);
  };
  EXPECT_EQ(said(std::nullopt), kUnknown) << "too many to keep";
  EXPECT_EQ(said(std::vector<std::string>{"10.0.0.11/32"}), kPass) << "the main table leads one";
  EXPECT_EQ(said(std::vector<std::string>{"10.0.0.0/24"}), kPass);
  EXPECT_EQ(said(std::vector<std::string>{"10.0.77.5/32", "eni1234"}), kFail);
  EXPECT_EQ(said(std::vector<std::string>{}), kFail) << "by a mark alone";
}

TEST(Net, AStrictFilterIsToldBesideMissingRules) {
  const auto message = [](std::optional<int> own, std::optional<int> all) {
    Scene scene = healthy_scene();
    scene.node.net.facts.rules = 0;
    for (NetInterface& one : scene.node.net.facts.interfaces) one.rp_filter = own;
    scene.node.net.facts.rp_filter = all;
    const std::vector<Finding> findings = judge_all(scene.node, scene.expectation);
    return finding_of(findings, "net.no-policy-routing", kNodeSubject)->message;
  };
  constexpr const char* kStrict = "rp_filter is strict";
  EXPECT_EQ(message(std::nullopt, std::nullopt).find(kStrict), std::string::npos);
  EXPECT_NE(message(1, 0).find(kStrict), std::string::npos);
  EXPECT_NE(message(0, 1).find(kStrict), std::string::npos);
  EXPECT_EQ(message(2, 1).find(kStrict), std::string::npos) << "the greater counts: loose";
}

TEST(Net, OneThatIsGoneIsNamedByItsMac) {
  Scene scene = healthy_scene();
  scene.node.net.facts.interfaces.erase(scene.node.net.facts.interfaces.begin() + 1);
  const std::vector<Finding> findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, "net.interface-down", device(1));
  EXPECT_EQ(finding->result, kFail);
  EXPECT_EQ(finding->message, "no interface here has the MAC 06:00:00:00:00:01");
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
}

TEST(Net, AContainerHasInterfacesOfItsOwn) {
  Scene scene = healthy_scene();
  for (NetInterface& interface : scene.node.net.facts.interfaces)
    interface.mac = "02:42:00:00:00:01";
  const std::vector<Finding> findings = judge_all(scene.node, scene.expectation);
  EXPECT_EQ(finding_of(findings, "net.interface-down", device(1)), nullptr);
  EXPECT_EQ(finding_of(findings, "net.no-policy-routing", kNodeSubject), nullptr);
}

TEST(Net, WhereThereAreNoRulesNothingIsMissedOfThem) {
  Scene scene = healthy_scene();
  scene.node.net.facts.rules = 0;
  scene.node.net.facts.rules_of.reset();
  EXPECT_EQ(result_of(scene, "net.no-policy-routing", kNodeSubject), kFail);
}

TEST(Net, OfTooManyRulesOnlyTheNumberIsKept) {
  RoutingRules rules;
  take_rule({0, "", ""}, rules);  // the kernel's own
  for (const uint32_t priority : {32766U, 32767U}) take_rule({priority, "", ""}, rules);
  EXPECT_EQ(rules.count, 0);
  EXPECT_EQ(rules.of, std::vector<std::string>{});
  for (int i = 0; i < 1024; ++i) take_rule({512, "10.0.77.5/32", ""}, rules);
  take_rule({512, "", ""}, rules);  // by a mark alone
  ASSERT_TRUE(rules.of);
  EXPECT_EQ(rules.of->size(), 1024U);
  take_rule({512, "", "ens1"}, rules);
  EXPECT_EQ(rules.of, std::nullopt);
  take_rule({512, "", "ens2"}, rules);
  EXPECT_EQ(rules.of, std::nullopt) << "nor a part of them";
  EXPECT_EQ(rules.count, 1027);
}

TEST(Net, TheRulesOfThisMachineCanBeCounted) {
  const Result<RoutingRules> rules = read_rules();
  ASSERT_TRUE(rules.ok()) << message_of(rules.error());
  EXPECT_GE(rules->count, 0);
}

}  // namespace
}  // namespace efa
