// What is said of the network interfaces that AWS lists.

#include <gtest/gtest.h>

#include "probes/net/rules.h"
#include "tests/support/check_case.h"

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

TEST(Net, AnEfaOnlyInterfaceNeedsNoneHere) {
  Scene scene = healthy_scene();
  scene.node.cloud.facts.interfaces.at(1).has_ipv4 = false;
  scene.node.net.facts.interfaces.erase(scene.node.net.facts.interfaces.begin() + 1);
  EXPECT_EQ(result_of(scene, "net.interface-down", device(1)), kNotApplicable);
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

TEST(Net, TheRulesOfThisMachineCanBeCounted) {
  const Result<int> rules = count_rules();
  ASSERT_TRUE(rules.ok()) << message_of(rules.error());
  EXPECT_GE(*rules, 0);
}

}  // namespace
}  // namespace efa
