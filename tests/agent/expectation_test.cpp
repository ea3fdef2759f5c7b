// Is EFA expected on this node: by configuration, by instance type and by what the node shows.

#include "agent/diagnose/expectation.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/support/healthy_node.h"

namespace efa {
namespace {

using Change = std::function<void(Node&)>;

// A node of that type with kNothing of EFA, then changed.
Expectation expected(const std::string& type, const ExpectSetting& setting, const Change& change,
                     const Past& past = {}) {
  Node node;
  if (!type.empty()) node.cloud.facts.instance_type = type;
  change(node);
  return expectation_of(node, setting, instance_types(), {}, past);
}

CloudInterface interface_with(bool ipv4, std::optional<bool> ipv6, const char* id = "eni-1") {
  CloudInterface interface;
  if (*id != '\0') interface.interface_id = id;
  interface.has_ipv4 = ipv4;
  interface.has_ipv6 = ipv6;
  return interface;
}

constexpr ExpectSetting kMax{std::nullopt, true};
const Change kNothing = [](Node&) {};
const Change kWithDevice = [](Node& n) { n.pci.facts.efa.resize(1); };
const Change kWithOthers = [](Node& n) { n.rdma.facts.foreign = {"mlx5_0", "mlx5_1"}; };
const Change kNamedByKernel = [](Node& n) { n.log.facts.functions = {address(0)}; };
const Change kWithEfaOnly = [](Node& n) {
  n.cloud.facts.interfaces = {interface_with(true, false), interface_with(false, false)};
};
// Whatever an image carries: each alone made a node without EFA unhealthy once.
const Change kImage = [](Node& n) {
  n.software.facts.installer_version = "1.43.0";
  n.kernel.facts.efa_loaded = true;
  n.kernel.facts.module_file = "extra/efa.ko.xz";
  n.software.facts.efa_conf_modules_load = true;
};

TEST(Expectation, AutoGoesByDevicesAndNotByTheImage) {
  struct Row {
    const char* type;
    Change change;
    bool wanted;
    const char* why;
  };
  const Row rows[] = {
      {"m6i.32xlarge", kImage, false, "m6i.32xlarge can have EFA, but none is attached"},
      {"p5.48xlarge", kImage, false, "p5.48xlarge can have EFA, but none is attached"},
      {"p6e-gb300r.36xlarge", kWithOthers, false,
       "p6e-gb300r.36xlarge is not a known EFA type, and no EFA device is attached; its RDMA "
       "devices are no EFA: mlx5_0 and 1 more"},
      {"p5.48xlarge", kWithDevice, true, "p5.48xlarge can have EFA and the node has an EFA device"},
      {"p5.48xlarge", kNamedByKernel, true,
       "p5.48xlarge can have EFA and the node had an EFA device earlier in this boot"},
      {"p5.48xlarge", kWithEfaOnly, true,
       "p5.48xlarge can have EFA and AWS has attached an EFA interface"},
      {"t2.micro", kImage, false, "t2.micro cannot have EFA"},
      {"t2.micro", kWithDevice, true, "t2.micro cannot have EFA, yet the node has an EFA device"},
      {"t3.micro", kImage, false,
       "t3.micro is not a known EFA type, and no EFA device is attached"},
      {"p99.48xlarge", kWithDevice, true, "p99.48xlarge, and the node has an EFA device"},
      {"p99.48xlarge", kNamedByKernel, true,
       "p99.48xlarge, and the node had an EFA device earlier in this boot"},
      {"", kNothing, false, "the instance type is not known, and no EFA device is attached"},
      {"", kWithDevice, true, "an unknown instance type, and the node has an EFA device"},
      {"dl1.24xlarge", kImage, false,
       "whether dl1.24xlarge can have EFA is not certain, and none is attached"},
      {"dl1.24xlarge", kWithDevice, true, "dl1.24xlarge, and the node has an EFA device"},
  };
  for (const Row& row : rows) {
    const Expectation expectation = expected(row.type, {}, row.change);
    EXPECT_EQ(expectation.expected, row.wanted) << row.type << ": " << expectation.why;
    EXPECT_EQ(expectation.why, row.why);
    EXPECT_EQ(expectation.exactly, std::nullopt);
  }
}

TEST(Expectation, ADeviceOfAnEarlierPassIsMissed) {
  Past past;
  past.devices = {address(0)};
  EXPECT_TRUE(expected("m6i.32xlarge", {}, kNothing, past).expected);
}

TEST(Expectation, AnInterfaceThatHasOrMayHaveAnAddressIsNoSign) {
  for (const CloudInterface& interface :
       {interface_with(true, false), interface_with(false, true),
        interface_with(false, std::nullopt), interface_with(false, false, "")}) {
    const auto only_it = [&](Node& n) { n.cloud.facts.interfaces = {interface}; };
    EXPECT_FALSE(expected("p5.48xlarge", {}, only_it).expected);
  }
}

TEST(Expectation, MaxIsWhatTheTypeCanHave) {
  const Expectation p5 = expected("p5.48xlarge", kMax, kNothing);
  EXPECT_TRUE(p5.expected && p5.all);
  EXPECT_EQ(p5.whole, std::vector<int>{32});
  EXPECT_EQ(p5.why, "expect says max, and p5.48xlarge can have 32 EFA devices");
  EXPECT_FALSE(expected("t2.micro", kMax, kImage).expected) << "as many as it can have is none";
  const Expectation tomorrow = expected("p99.48xlarge", kMax, kNothing);
  EXPECT_TRUE(tomorrow.expected);
  EXPECT_EQ(tomorrow.why,
            "expect says max, but how many EFA devices p99.48xlarge can have is not known");
}

// A diagnosis of a node of that type with so many devices, healthy but for their number.
Diagnosis diagnosis_of(const std::string& type, size_t devices, const ExpectSetting& setting) {
  Scene scene = healthy_scene(devices);
  scene.node.cloud.facts.instance_type = type;
  scene.expectation = expectation_of(scene.node, setting, instance_types());
  return diagnose(scene);
}

TEST(Expectation, MaxThatIsUnmetIsCriticalAndUnknownWhereTheNumberIs) {
  using Codes = std::vector<std::string>;
  const Diagnosis fewer = diagnosis_of("p4d.24xlarge", 3, kMax);
  EXPECT_EQ(fewer.verdict, Verdict::kUnhealthy);
  EXPECT_EQ(fewer.root_causes, Codes{"pci.fewer-than-expected"});
  EXPECT_EQ(diagnosis_of("p4d.24xlarge", 0, kMax).root_causes, Codes{"pci.none-found"});
  EXPECT_EQ(diagnosis_of("p4d.24xlarge", 4, kMax).verdict, Verdict::kHealthy);
  for (const size_t devices : {0, 4}) {
    const Diagnosis diagnosis = diagnosis_of("p99.48xlarge", devices, kMax);
    EXPECT_EQ(diagnosis.verdict, Verdict::kUnknown) << devices;
    EXPECT_NE(diagnosis.summary.find("how many EFA devices p99.48xlarge can have"),
              std::string::npos)
        << diagnosis.summary;
  }
}

TEST(Expectation, EachLayoutOfATypeIsWhole) {
  struct Row {
    const char* type;
    size_t devices;
    Verdict wanted;
  };
  const Row rows[] = {
      {"p6e-gb200.36xlarge", 4, Verdict::kHealthy},  {"p6e-gb200.36xlarge", 8, Verdict::kHealthy},
      {"p6e-gb200.36xlarge", 3, Verdict::kDegraded}, {"p6-b200.48xlarge", 4, Verdict::kDegraded},
      {"p6-b200.48xlarge", 8, Verdict::kHealthy},    {"c6in.32xlarge", 1, Verdict::kDegraded},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(diagnosis_of(row.type, row.devices, {}).verdict, row.wanted)
        << row.type << " with " << row.devices;
  }
  EXPECT_EQ(diagnosis_of("p6e-gb200.36xlarge", 4, kMax).verdict, Verdict::kHealthy);
  EXPECT_EQ(diagnosis_of("p6e-gb200.36xlarge", 3, kMax).verdict, Verdict::kUnhealthy);
}

TEST(Expectation, BetweenTwoLayoutsSomeOfTheLargerAreMissing) {
  using Codes = std::vector<std::string>;
  for (const size_t devices : {5, 6, 7}) {
    const Diagnosis diagnosis = diagnosis_of("p6e-gb200.36xlarge", devices, {});
    EXPECT_EQ(diagnosis.verdict, Verdict::kDegraded) << devices;
    EXPECT_EQ(diagnosis.root_causes, Codes{"pci.fewer-than-maximum"}) << devices;
    const Finding* finding = finding_of(diagnosis.findings, "pci.fewer-than-maximum", kNodeSubject);
    ASSERT_NE(finding, nullptr);
    EXPECT_EQ(finding->evidence.expected, "8") << devices;
    const Diagnosis demanded = diagnosis_of("p6e-gb200.36xlarge", devices, kMax);
    EXPECT_EQ(demanded.verdict, Verdict::kUnhealthy) << devices;
    EXPECT_EQ(demanded.root_causes, Codes{"pci.fewer-than-expected"}) << devices;
  }
}

TEST(Expectation, WhatAContainerWasGivenIsNotMeasuredByTheTypesLayouts) {
  Scope scope;
  scope.given = Given{"docker", 6, 8};
  Node node;
  node.cloud.facts.instance_type = "p6e-gb200.36xlarge";
  node.pci.facts.efa.resize(6);
  EXPECT_EQ(expectation_of(node, kMax, instance_types(), scope).number_for(6), std::nullopt);
}

TEST(Expectation, DevicesThatAreSetAsideCountInNoLayout) {
  Scope scope;
  scope.set_aside = {address(9)};
  Node node;
  node.cloud.facts.instance_type = "p6e-gb200.36xlarge";
  node.pci.facts.efa.resize(5);
  const Expectation expectation = expectation_of(node, {}, instance_types(), scope);
  EXPECT_EQ(expectation.number_for(5), 7);
  EXPECT_EQ(expectation.number_for(3), 3);
}

TEST(Expectation, AConfiguredNumberOverrulesTheType) {
  const Expectation eight = expected("t3.micro", {8}, kNothing);
  EXPECT_TRUE(eight.expected);
  EXPECT_EQ(eight.exactly, 8);
  const Expectation none = expected("p5.48xlarge", {0}, kWithDevice);
  EXPECT_FALSE(none.expected);
  EXPECT_EQ(none.maximum, 32);
}

TEST(Expectation, TheTypesNumberIsAMaximum) {
  const Expectation expectation = expected("g6e.48xlarge", {}, kWithDevice);
  EXPECT_EQ(expectation.maximum, 4);
  EXPECT_EQ(expectation.exactly, std::nullopt);
}

TEST(Expectation, AllThatWereThereInThisBootAreMissed) {
  Scene scene = healthy_scene(0);
  scene.node.log.facts.functions = {address(0)};
  scene.expectation = expectation_of(scene.node, {}, instance_types());
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.verdict, Verdict::kUnhealthy);
  EXPECT_EQ(diagnosis.root_causes,
            (std::vector<std::string>{"pci.device-vanished", "pci.fewer-than-maximum"}));
}

TEST(Expectation, ACapableTypeWithoutADeviceIsToldAndNotJudged) {
  const Diagnosis diagnosis = diagnosis_of("m6i.32xlarge", 0, {});
  EXPECT_EQ(diagnosis.verdict, Verdict::kNotApplicable);
  EXPECT_NE(finding_of(diagnosis.findings, "cloud.capable-type-unused", kNodeSubject), nullptr);
}

TEST(Expectation, ATypeThatIsSoldForItsRailsHasThemOrSaysThatNoneIsMeant) {
  for (const char* type : {"p5.48xlarge", "p4d.24xlarge", "trn1.32xlarge"}) {
    const Diagnosis diagnosis = diagnosis_of(type, 0, {});
    EXPECT_EQ(diagnosis.verdict, Verdict::kDegraded) << type;
    EXPECT_EQ(diagnosis.root_causes, std::vector<std::string>{"cloud.rails-unused"}) << type;
    EXPECT_EQ(diagnosis_of(type, 0, {0}).verdict, Verdict::kNotApplicable) << type;
  }
  for (const char* type : {"c6in.32xlarge", "g6e.48xlarge", "g7e.48xlarge", "g5.8xlarge"}) {
    EXPECT_EQ(diagnosis_of(type, 0, {}).verdict, Verdict::kNotApplicable) << type;
  }
}

TEST(Expectation, WhereTheBusCannotBeReadNothingIsSaidToBeMeant) {
  Scene scene = healthy_scene(0);
  scene.node.cloud.facts.instance_type = "p5.48xlarge";
  silence(scene.node.pci, ProbeStatus::kOk);
  scene.expectation = expectation_of(scene.node, {}, instance_types());
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kUnknown);
}

}  // namespace
}  // namespace efa
