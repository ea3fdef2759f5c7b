// Is EFA expected on this node: by configuration, by instance type and by what the node shows.

#include "agent/diagnose/expectation.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/support/healthy_node.h"

namespace efa {
namespace {

using Change = std::function<void(Node&)>;

// A node of that type with kNothing of EFA, then changed.
Expectation expected(const std::string& type, const ExpectSetting& setting, const Change& change) {
  Node node;
  if (!type.empty()) node.cloud.facts.instance_type = type;
  change(node);
  return expectation_of(node, setting, instance_types());
}

const Change kNothing = [](Node&) {};
const Change kWithInstaller = [](Node& n) { n.software.facts.installer_version = "1.43.0"; };
const Change kWithDriverLoaded = [](Node& n) { n.kernel.facts.efa_loaded = true; };
const Change kWithKernelsModule = [](Node& n) {
  n.kernel.facts.module_file = "kernel/drivers/amazon/net/efa/efa.ko";
};
const Change kWithAddedModule = [](Node& n) { n.kernel.facts.module_file = "extra/efa.ko.xz"; };
const Change kWithDevice = [](Node& n) { n.pci.facts.efa.resize(1); };

TEST(Expectation, AutoNeedsACapableTypeAndASign) {
  struct Row {
    const char* type;
    Change change;
    bool wanted;
    const char* why;
  };
  const Row rows[] = {
      {"p5.48xlarge", kNothing, false,
       "p5.48xlarge can have EFA, but nothing on the node shows that it is meant to"},
      {"p5.48xlarge", kWithDevice, true, "p5.48xlarge can have EFA and the node has an EFA device"},
      {"p5.48xlarge", kWithInstaller, true,
       "p5.48xlarge can have EFA and the EFA installer was run"},
      {"p5.48xlarge", kWithDriverLoaded, true,
       "p5.48xlarge can have EFA and the efa driver is loaded"},
      {"p5.48xlarge", kWithAddedModule, true,
       "p5.48xlarge can have EFA and the efa driver was installed"},
      {"p5.48xlarge", kWithKernelsModule, false,
       "p5.48xlarge can have EFA, but nothing on the node shows that it is meant to"},
      {"t2.micro", kWithInstaller, false, "t2.micro cannot have EFA"},
      {"t2.micro", kWithDevice, true, "t2.micro cannot have EFA, yet the node has an EFA device"},
      {"t3.micro", kWithInstaller, false,
       "t3.micro is not a known EFA type, though the EFA installer was run"},
      {"p99.48xlarge", kWithDevice, true, "p99.48xlarge, and the node has an EFA device"},
      {"", kNothing, false, "an unknown instance type and there is no sign of EFA"},
      {"", kWithDevice, true, "an unknown instance type, and the node has an EFA device"},
      {"dl1.24xlarge", kNothing, false,
       "whether dl1.24xlarge can have EFA is not certain and nothing on the node shows it"},
      {"dl1.24xlarge", kWithInstaller, false,
       "whether dl1.24xlarge can have EFA is not certain, though the EFA installer was run"},
      {"dl1.24xlarge", kWithDevice, true, "dl1.24xlarge, and the node has an EFA device"},
  };
  for (const Row& row : rows) {
    const Expectation expectation = expected(row.type, {}, row.change);
    EXPECT_EQ(expectation.expected, row.wanted) << row.type << ": " << expectation.why;
    EXPECT_EQ(expectation.why, row.why);
    EXPECT_EQ(expectation.exactly, std::nullopt);
  }
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

TEST(Expectation, NoneFoundOnANodeThatShowsTheIntentIsCritical) {
  Scene scene = healthy_scene(0);
  scene.expectation = expectation_of(scene.node, {}, instance_types());
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.verdict, Verdict::kUnhealthy);
  EXPECT_EQ(diagnosis.root_causes, std::vector<std::string>{"pci.none-found"});
}

TEST(Expectation, ACapableTypeWithoutIntentIsToldAndNotJudged) {
  Scene scene = healthy_scene(0);
  scene.node.kernel.facts.efa_loaded = false;
  scene.node.kernel.facts.module_file = "kernel/drivers/infiniband/hw/efa/efa.ko";
  scene.node.software.facts.installer_version.reset();
  scene.expectation = expectation_of(scene.node, {}, instance_types());
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.verdict, Verdict::kNotApplicable);
  EXPECT_NE(finding_of(diagnosis.findings, "cloud.capable-type-unused", kNodeSubject), nullptr);
}

TEST(ParseExpect, TakesAutoNoneAndNumbers) {
  struct Row {
    const char* text;
    bool ok;
    std::optional<int> exactly;
  };
  const Row rows[] = {
      {"auto", true, std::nullopt},
      {"none", true, 0},
      {"0", true, 0},
      {"32", true, 32},
      {"1024", true, 1024},
      {"1025", false, {}},
      {"-1", false, {}},
      {"", false, {}},
      {"Auto", false, {}},
      {"4 devices", false, {}},
      {"4.0", false, {}},
      {"99999999999999999999", false, {}},
      {"0x4", false, {}},
  };
  for (const Row& row : rows) {
    const Result<ExpectSetting> setting = parse_expect(row.text);
    ASSERT_EQ(setting.ok(), row.ok) << row.text;
    if (!setting) continue;
    EXPECT_EQ(setting->exactly, row.exactly) << row.text;
  }
}

TEST(InstanceTypes, TheBuiltInTableIsWhole) {
  const InstanceTypes& types = instance_types();
  EXPECT_EQ(types.size(), 318U);
  const auto maximum = [&](const char* type) {
    const auto row = types.find(type);
    return row == types.end() ? std::optional(-1) : row->second.max_efa_interfaces;
  };
  EXPECT_EQ(maximum("p5.48xlarge"), 32);
  EXPECT_EQ(maximum("p4d.24xlarge"), 4);
  EXPECT_EQ(maximum("p6-b300.48xlarge"), 16);
  EXPECT_EQ(maximum("t3.micro"), -1);
  EXPECT_EQ(types.at("dl1.24xlarge").efa, std::nullopt);
  EXPECT_EQ(types.at("t2.micro").efa, false);
}

TEST(InstanceTypes, NoTypeThatCanHaveEfaCanHaveNone) {
  for (const auto& [name, type] : instance_types()) {
    const int maximum = type.max_efa_interfaces.value_or(type.efa == true ? 1 : 0);
    EXPECT_EQ(type.efa == true, maximum > 0) << name;
    EXPECT_LE(maximum, 32) << name;
  }
}

TEST(InstanceTypes, SayWhetherEfaReachesTheirAccelerators) {
  const std::pair<const char*, DirectMemory> rows[] = {
      {"p4d.24xlarge", DirectMemory::kRequired},
      {"p5.48xlarge", DirectMemory::kRequired},
      {"p5en.48xlarge", DirectMemory::kRequired},
      {"p6-b200.48xlarge", DirectMemory::kRequired},
      {"p6e-gb200.36xlarge", DirectMemory::kRequired},
      {"g7e.12xlarge", DirectMemory::kRequired},
      {"trn2.48xlarge", DirectMemory::kRequired},
      {"g5.48xlarge", DirectMemory::kImpossible},
      {"g6e.48xlarge", DirectMemory::kImpossible},
      {"g7e.8xlarge", DirectMemory::kImpossible},
      {"inf1.24xlarge", DirectMemory::kImpossible},
      {"p5.4xlarge", DirectMemory::kNotKnown},
      {"p3dn.24xlarge", DirectMemory::kNotKnown},
      {"g7.48xlarge", DirectMemory::kNotKnown},
      {"p99.48xlarge", DirectMemory::kNotKnown},
      {"", DirectMemory::kNotKnown},
  };
  for (const auto& [type, wanted] : rows) {
    EXPECT_EQ(expected(type, {}, kWithDevice).direct_memory, wanted) << type;
  }
  for (const auto& [name, type] : instance_types()) {
    const std::string word = type.direct_memory.value_or("required");
    EXPECT_TRUE(word == "required" || word == "impossible") << name << ": " << word;
    EXPECT_TRUE(!type.direct_memory || type.efa == true) << name;
  }
}

TEST(InstanceTypes, RefusesADamagedTable) {
  for (const char* json : {"", "[]", "{}", R"({"types":[]})", R"({"types":{"a":{"efa":1}}})",
                           R"({"types":{"a":{"max_efa_interfaces":99999999999}}})"}) {
    EXPECT_FALSE(parse_instance_types(json).ok()) << json;
  }
}

}  // namespace
}  // namespace efa
