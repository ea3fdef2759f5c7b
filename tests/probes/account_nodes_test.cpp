// What reports of nodes add to what AWS says of their instances.

#include <gtest/gtest.h>

#include "probes/account/node_checks.h"
#include "probes/account/node_reports.h"
#include "probes/aws/gzip.h"
#include "probes/base/times.h"
#include "tests/support/account_fleet.h"

namespace efa {
namespace {

using enum FindingResult;

constexpr const char* kAsked = "2026-11-27T12:00:00Z";

AccountNode node_with(std::vector<std::string> macs) {
  AccountNode node;
  node.instance = "i1";
  node.started_at = "2026-11-27T11:00:00Z";
  node.macs = std::move(macs);
  node.saw_pci = true;
  return node;
}

// Its node has a device for each of its two EFA interfaces.
AccountFacts healthy() {
  AccountFacts facts = fleet_of("a in all a, a out all a", "i1: a a");
  int number = 0;
  for (AccountInterface& interface : facts.instances.at(0).interfaces) {
    interface.mac = MacAddress::from_text("0e:00:00:00:00:0" + std::to_string(number++));
    interface.status = "attached";
  }
  facts.asked_ms = *parse_iso_time_ms(kAsked);
  facts.nodes = {node_with({"0e:00:00:00:00:01", "0e:00:00:00:00:02"})};
  return facts;
}

AccountNode& node(AccountFacts& facts) {
  return facts.nodes.at(0);
}

std::vector<Finding> judged(const AccountFacts& facts) {
  Findings findings;
  judge_account_nodes(facts, findings);
  return findings.take();
}

constexpr AccountCase kCases[] = {
    {"account.interface-lost", kPass, [](AccountFacts&) {}},
    {"account.interface-lost", kFail, [](AccountFacts& f) { node(f).macs.pop_back(); }},
    {"account.interface-lost", kPass,  // a function that tells no MAC may be it
     [](AccountFacts& f) {
       node(f).macs.pop_back();
       node(f).functions_without_mac = 1;
     }},
    {"account.interface-lost", kFail,  // one function cannot be both
     [](AccountFacts& f) {
       node(f).macs.clear();
       node(f).functions_without_mac = 1;
     }},
    {"account.interface-lost", kPass,  // it is being detached
     [](AccountFacts& f) {
       node(f).macs.pop_back();
       f.instances.at(0).interfaces.at(2).status = "detaching";
     }},
    {"account.interface-lost", kUnknown,
     [](AccountFacts& f) { f.instances.at(0).interfaces.at(2).mac.reset(); }},
    {"account.interface-lost", kUnknown,
     [](AccountFacts& f) { f.instances.at(0).interfaces.at(2).type.reset(); }},
    {"account.interface-lost", kUnknown,  // it may have been attached since
     [](AccountFacts& f) {
       node(f).macs.pop_back();
       node(f).started_at = "2026-11-27T09:59:00Z";
     }},
    {"account.interface-lost", kUnknown, [](AccountFacts& f) { node(f).started_at = "yesterday"; }},
    {"account.interface-lost", kUnknown,
     [](AccountFacts& f) {
       node(f).macs.clear();
       node(f).saw_pci = false;
     }},
    {"account.interface-lost", kUnknown, [](AccountFacts& f) { node(f).instance = "i2"; }},
    {"account.interface-lost", kNotApplicable, [](AccountFacts& f) { f.nodes.clear(); }},
};

TEST(AccountNodes, EachChangeOfANodeIsSeen) {
  expect_cases(kCases, healthy, judged, "i1");
}

TEST(AccountNodes, TheInterfaceIsNamed) {
  AccountFacts facts = healthy();
  node(facts).macs.pop_back();
  const Finding finding = fleet_finding(judged(facts), "account.interface-lost", "i1");
  EXPECT_EQ(finding.message, "no function on PCI for " + facts.instances.at(0).interfaces.at(2).id);
}

std::string report_of(const std::string& instance, const std::string& started_at) {
  return R"({"schema": "efa-doctor.report.v1", "node": {"instance_id": ")" + instance +
         R"("}, "run": {"started_at": ")" + started_at +
         R"("}, "verdict": "unhealthy", "summary": "words", "root_causes": ["pci.none-found"],
             "probes": [{"name": "pci", "status": "ok"}],
             "devices": [{"pci_address": "0000:00:01.0", "rdma": {"mac": "0e:00:00:00:00:01"}},
                         {"pci_address": "0000:00:02.0"}]})";
}

TEST(NodeReports, OfOneInstanceTheNewestStays) {
  NodeReports reports;
  reports.take("new", gzip(report_of("i-0123456789abcdef0", "2026-11-27T11:00:00Z")));
  reports.take("old", report_of("i-0123456789abcdef0", "2026-11-27T10:00:00Z"));
  EXPECT_EQ(reports.unread(), "");
  const std::vector<AccountNode> nodes = std::move(reports).nodes();
  ASSERT_EQ(nodes.size(), 1U);
  EXPECT_EQ(nodes[0].started_at, "2026-11-27T11:00:00Z");
  EXPECT_EQ(nodes[0].macs, std::vector<std::string>{"0e:00:00:00:00:01"});
  EXPECT_EQ(nodes[0].functions_without_mac, 1U);
  EXPECT_EQ(nodes[0].root_causes, std::vector<std::string>{"pci.none-found"});
  EXPECT_TRUE(nodes[0].saw_pci);
}

TEST(NodeReports, WhatIsNoReportIsCounted) {
  NodeReports reports;
  reports.take("good", report_of("i-0123456789abcdef0", "2026-11-27T11:00:00Z"));
  reports.take("health.json", R"({"verdict": "healthy"})");
  reports.take("cut", gzip(report_of("i-0123456789abcdef0", "")).substr(0, 60));
  reports.take("hostname", report_of("../../etc", "2026-11-27T11:00:00Z"));
  EXPECT_EQ(reports.instances(), std::vector<std::string>{"i-0123456789abcdef0"});
  EXPECT_EQ(reports.unread(), "3 of 4 were not read: health.json: is no report of a node");
}

TEST(Gzip, UnpacksWhatItPacked) {
  const std::string text(300'000, 'x');
  EXPECT_EQ(*unpacked(gzip(text), text.size(), "it"), text);
  EXPECT_EQ(*unpacked("plain", 5, "it"), "plain");
  EXPECT_FALSE(unpacked(gzip(text), text.size() - 1, "it"));
  EXPECT_FALSE(unpacked(gzip(text).substr(0, 100), text.size(), "it"));
}

}  // namespace

std::span<const AccountCase> account_node_cases() {
  return kCases;
}

}  // namespace efa
