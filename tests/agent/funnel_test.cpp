// How many devices reach each rung, and where the others are lost.

#include <gtest/gtest.h>

#include <cerrno>
#include <map>

#include "agent/report/report.h"
#include "tests/support/healthy_node.h"

namespace efa {
namespace {

// "expected 4, attached ?, pci 4, ... verbs 3 -0000:9c:00.0, ..."
std::string funnel_text(const Scene& scene) {
  std::string text;
  for (const FunnelStage& stage : diagnose(scene).funnel) {
    text += (text.empty() ? "" : ", ") + rung_text(stage.rung) + " " +
            (stage.count ? std::to_string(*stage.count) : "?") + (stage.at_least ? "+" : "");
    for (const PciAddress& address : stage.lost) text += " -" + address.to_text().substr(5, 2);
  }
  return text;
}

void expect_funnel(const Scene& scene, const std::string& from_pci,
                   const std::string& attached = "4") {
  EXPECT_EQ(funnel_text(scene), "expected 4, attached " + attached + ", " + from_pci + ", data ?");
}

CloudInterface interface_of(const std::string& mac, bool has_address) {
  CloudInterface interface;
  interface.mac = mac;
  interface.interface_id = "eni-" + mac.substr(mac.size() - 2);
  interface.has_ipv4 = has_address;
  interface.has_ipv6 = false;
  return interface;
}

// "attached 4+" of a machine with so many devices and these interfaces beside theirs
std::string attached_beside(const std::vector<CloudInterface>& others, std::optional<int> most) {
  Scene scene = healthy_scene();
  auto& interfaces = scene.node.cloud.facts.interfaces;
  interfaces.insert(interfaces.end(), others.begin(), others.end());
  scene.expectation.maximum = most;
  const std::string text = funnel_text(scene);
  const size_t start = text.find("attached");
  return text.substr(start, text.find(',', start) - start);
}

TEST(Funnel, WhatAwsHasAttachedIsALowerBoundWhereAnInterfaceHasAnAddress) {
  const CloudInterface primary = interface_of("06:00:00:00:00:50", true);
  const CloudInterface lost = interface_of("06:00:00:00:00:51", false);
  EXPECT_EQ(attached_beside({}, 8), "attached 4");
  EXPECT_EQ(attached_beside({primary}, 8), "attached 4+");
  EXPECT_EQ(attached_beside({primary}, 4), "attached 4") << "the type can have no more";
  EXPECT_EQ(attached_beside({lost}, 8), "attached 5");
  EXPECT_EQ(attached_beside({primary, lost}, std::nullopt), "attached 5+");
}

TEST(Funnel, AHealthyNodeLosesNone) {
  expect_funnel(healthy_scene(), "pci 4, driver 4, rdma 4, node 4, verbs 4, fabric 4");
}

TEST(Funnel, ADeviceIsLostOnItsLowestRung) {
  Scene scene = healthy_scene();
  scene.pci(0).driver.reset();
  lose_rdma(scene, 0);
  expect_funnel(scene, "pci 4, driver 3 -9b, rdma 3, node 3, verbs 3, fabric 3");
  scene.pci(1).config = "ffffffff";
  expect_funnel(scene, "pci 3 -9c, driver 2 -9b, rdma 2, node 2, verbs 2, fabric 2");
}

TEST(Funnel, AHungDeviceIsLostAtVerbsAndTheOthersAtFabric) {
  Scene scene = healthy_scene();
  hang(scene, 1);
  expect_funnel(scene, "pci 4, driver 4, rdma 4, node 4, verbs 3 -9c, fabric 0 -9b -9d -9e");
}

TEST(Funnel, WithoutADriverTheRestIsZero) {
  Scene scene = healthy_scene();
  remove_driver(scene);
  expect_funnel(scene, "pci 4, driver 0 -9b -9c -9d -9e, rdma 0, node 0, verbs 0, fabric 0");
}

TEST(Funnel, ARungThatNobodyLookedAtHasNoCount) {
  Scene scene = healthy_scene();
  silence(scene.node.verbs, ProbeStatus::kCrashed);
  scene.node.fabric[0] = {};
  scene.node.fabric[0].outcome = {"fabric", ProbeStatus::kDenied, 0, "", "", "", ""};
  expect_funnel(scene, "pci 4, driver 4, rdma 4, node 4, verbs ?, fabric ?");
  silence(scene.node.pci, ProbeStatus::kTimedOut);
  expect_funnel(scene, "pci ?, driver ?, rdma ?, node ?, verbs ?, fabric ?");
}

TEST(Funnel, OneUnknownDeviceIsNotCountedAndTheOthersAre) {
  Scene scene = healthy_scene();
  scene.node.verbs.facts.asked.pop_back();
  expect_funnel(scene, "pci 4, driver 4, rdma 4, node 4, verbs 3+, fabric 4");
  scene = healthy_scene();
  scene.pci(2).config.reset();
  expect_funnel(scene, "pci 3+, driver 4, rdma 4, node 4, verbs 4, fabric 4");
}

TEST(Funnel, APciListThatBrokeOffHasNoCount) {
  Scene scene = healthy_scene();
  scene.node.pci.outcome.status = ProbeStatus::kTimedOut;
  EXPECT_TRUE(funnel_text(scene).find("pci ?") != std::string::npos) << funnel_text(scene);
}

TEST(Funnel, CountersThatWereReadProveNoLibibverbs) {
  Scene scene = healthy_scene();
  silence(scene.node.verbs, ProbeStatus::kUnavailable,
          "libibverbs.so.1: cannot open shared object file: No such file or directory");
  expect_funnel(scene, "pci 4, driver 4, rdma 4, node 4, verbs ?, fabric 4");
  scene = healthy_scene();
  scene.node.rdma.facts.asked.clear();
  expect_funnel(scene, "pci 4, driver 4, rdma 4, node 4, verbs 4, fabric 4");
}

TEST(Funnel, AFunctionThatMayBeEfaLeavesTheCountsOfTheOthers) {
  Scene scene = healthy_scene();
  scene.node.pci.facts.unidentified = {address(20)};
  expect_funnel(scene, "pci 4, driver 4, rdma 4, node 4, verbs 4, fabric 4");  // there are no more
  scene.expectation.maximum = 8;
  EXPECT_NE(funnel_text(scene).find("pci 4+, driver 4, rdma 4, node 4, verbs 4, fabric 4"),
            std::string::npos)
      << funnel_text(scene);
}

TEST(Funnel, ForeignDevicesDoNotCount) {
  Scene scene = healthy_scene();
  scene.node.rdma.facts.foreign = {"mlx5_0", "mlx5_1"};
  PciFunction unknown = scene.pci(0);
  unknown.address = address(20);
  unknown.device = "0xabcd";
  scene.node.pci.facts.amazon_unknown = {unknown};
  expect_funnel(scene, "pci 4, driver 4, rdma 4, node 4, verbs 4, fabric 4");
}

TEST(Funnel, AVanishedDeviceIsLostAtPci) {
  Scene scene = healthy_scene(3);
  scene.expectation.maximum = 4;
  scene.expectation.past.devices = {address(0), address(3)};
  expect_funnel(scene, "pci 3 -9e, driver 3, rdma 3, node 3, verbs 3, fabric 3");
}

TEST(Funnel, WhatASysrootCannotShowHasNoCount) {
  Scene scene = healthy_scene();
  scene.node.live = false;
  silence(scene.node.verbs, ProbeStatus::kNotApplicable);
  scene.node.fabric.clear();
  expect_funnel(scene, "pci 4, driver 4, rdma 4, node 4, verbs ?, fabric ?");
}

TEST(Funnel, WhereNoneIsExpectedNoneIsThere) {
  Scene scene = healthy_scene(0);
  scene.expectation.expected = false;
  EXPECT_EQ(funnel_text(scene),
            "expected 0, attached ?, pci 0, driver 0, rdma 0, node 0, verbs 0, fabric 0, data ?");
}

}  // namespace
}  // namespace efa
