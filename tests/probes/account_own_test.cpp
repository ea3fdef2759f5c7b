// What AWS says of the node's own instance, beside what the node sees.

#include <gtest/gtest.h>

#include "agent/diagnose/diagnosis.h"
#include "tests/support/account_fleet.h"
#include "tests/support/check_case.h"

namespace efa {
namespace {

using enum FindingResult;

// A healthy node of the four devices that it shall have and that AWS has attached; what was asked
// is told.
Scene scene_beside(AccountFacts facts) {
  Scene scene = healthy_scene();
  Seen<AccountFacts>& account = scene.node.account.emplace();
  account.outcome.name = "account";
  scene.expectation.exactly = 4;
  account.outcome.status = ProbeStatus::kOk;
  int number = 0;
  AccountInstance& instance = facts.instances.at(0);
  for (AccountInterface& interface : instance.interfaces) {
    interface.status = "attached";
    interface.mac = MacAddress::from_text("02:00:00:00:00:01");  // of that without EFA
    if (interface.type != "interface") {
      interface.mac =
          MacAddress::from_text(scene.node.rdma.facts.devices.at(number++).mac.value_or(""));
    }
  }
  account.facts = std::move(facts);
  return scene;
}

AccountFacts four_interfaces(const std::string& rules = "a in all a, a out all a") {
  return fleet_of(rules, "i1: a a a a");
}

Finding said(const Scene& scene, const std::string& code) {
  const auto findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, code, kNodeSubject);
  return finding == nullptr ? Finding() : *finding;
}

TEST(OwnAccount, NothingIsSaidWhereAwsWasNotAsked) {
  for (const Finding& finding : judge_all(healthy_scene().node, healthy_scene().expectation)) {
    EXPECT_FALSE(finding.check->code.starts_with("account.")) << finding.check->code;
  }
}

TEST(OwnAccount, OfAHealthyNodeEveryInterfaceIsADevice) {
  const Scene scene = scene_beside(four_interfaces());
  EXPECT_EQ(said(scene, "account.interface-lost").result, kPass);
  EXPECT_EQ(said(scene, "account.security-group-no-egress").result, kPass);
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.verdict, Verdict::kHealthy) << diagnosis.summary;
  const FunnelStage& attached = diagnosis.funnel.at(1);
  EXPECT_EQ(attached.rung, Rung::kAttached);
  EXPECT_EQ(attached.count, 4);
  EXPECT_FALSE(attached.at_least);
}

TEST(OwnAccount, AGroupThatLetsNothingOutIsTheCause) {
  const Scene scene = scene_beside(four_interfaces("a in all a, a out all 0.0.0.0/0"));
  EXPECT_EQ(diagnose(scene).root_causes,
            std::vector<std::string>{"account.security-group-no-egress"});
}

TEST(OwnAccount, ALostInterfaceExplainsThatDevicesAreMissing) {
  Scene scene = scene_beside(four_interfaces());
  scene.node.pci.facts.efa.pop_back();
  scene.node.rdma.facts.devices.pop_back();
  const Diagnosis diagnosis = diagnose(scene);
  const Finding* fewer = finding_of(diagnosis.findings, "pci.fewer-than-expected", kNodeSubject);
  ASSERT_NE(fewer, nullptr);
  EXPECT_EQ(fewer->explained_by, "account.interface-lost");
}

TEST(OwnAccount, ADeviceThatIsSetAsideIsNotLost) {
  Scene scene = scene_beside(four_interfaces());
  scene.expectation.set_aside.insert(scene.node.pci.facts.efa.back().address);
  scene.node.pci.facts.efa.pop_back();
  scene.node.rdma.facts.devices.pop_back();
  EXPECT_EQ(said(scene, "account.interface-lost").result, kPass);
}

TEST(OwnAccount, WhatWasNotToldIsUnknownAndNamed) {
  Scene scene = scene_beside(four_interfaces());
  scene.node.account->facts = {};
  scene.node.account->outcome.status = ProbeStatus::kTimedOut;
  scene.node.account->outcome.detail = "killed at its deadline";
  for (const Finding& finding : judge_all(scene.node, scene.expectation)) {
    if (!finding.check->code.starts_with("account.")) continue;
    EXPECT_NE(finding.result, kFail) << finding.check->code;
  }
  const Finding denied = said(scene, "account.denied");
  EXPECT_EQ(denied.result, kUnknown);
  EXPECT_NE(denied.message.find("killed at its deadline"), std::string::npos) << denied.message;
}

}  // namespace
}  // namespace efa
