// The table of instance types, and the words in which an operator says what is expected.

#include <gtest/gtest.h>

#include <algorithm>

#include "agent/diagnose/expectation.h"

namespace efa {
namespace {

TEST(ParseExpect, TakesAutoNoneMaxAndNumbers) {
  struct Row {
    const char* text;
    bool ok;
    std::optional<int> exactly;
    bool all = false;
  };
  const Row rows[] = {
      {"auto", true, std::nullopt},
      {"max", true, std::nullopt, true},
      {"none", true, 0},
      {"0", true, 0},
      {"32", true, 32},
      {"1024", true, 1024},
      {"1025", false, {}},
      {"-1", false, {}},
      {"", false, {}},
      {"Auto", false, {}},
      {"maximum", false, {}},
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
    EXPECT_EQ(setting->all, row.all) << row.text;
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

TEST(InstanceTypes, EachIsFoundAlone) {
  for (const auto& [name, type] : instance_types()) {
    const InstanceTypes alone = built_in_row(name);
    ASSERT_EQ(alone.size(), 1U) << name;
    const InstanceType& row = alone.at(name);
    EXPECT_EQ(row.efa, type.efa) << name;
    EXPECT_EQ(row.max_efa_interfaces, type.max_efa_interfaces) << name;
    EXPECT_EQ(row.direct_memory, type.direct_memory) << name;
    EXPECT_EQ(row.whole_counts, type.whole_counts) << name;
  }
  for (const char* name : {"", "t3.micro", "p5", "5.48xlarge", "types", "p5.48xlarge\": "}) {
    EXPECT_TRUE(built_in_row(name).empty()) << name;
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
      {"p3dn.24xlarge", DirectMemory::kImpossible},
      {"g5.48xlarge", DirectMemory::kImpossible},
      {"g6e.48xlarge", DirectMemory::kImpossible},
      {"g7e.8xlarge", DirectMemory::kImpossible},
      {"inf1.24xlarge", DirectMemory::kImpossible},
      {"p5.4xlarge", DirectMemory::kNotKnown},
      {"g7.48xlarge", DirectMemory::kNotKnown},
      {"p99.48xlarge", DirectMemory::kNotKnown},
      {"", DirectMemory::kNotKnown},
  };
  for (const auto& [type, wanted] : rows) {
    Node node;
    node.cloud.facts.instance_type = type;
    EXPECT_EQ(expectation_of(node, {}, instance_types()).direct_memory, wanted) << type;
  }
  for (const auto& [name, type] : instance_types()) {
    const std::string word = type.direct_memory.value_or("required");
    EXPECT_TRUE(word == "required" || word == "impossible") << name << ": " << word;
    EXPECT_TRUE(!type.direct_memory || type.efa == true) << name;
  }
}

TEST(InstanceTypes, NoTypeThatCanHaveEfaCanHaveNone) {
  for (const auto& [name, type] : instance_types()) {
    const int maximum = type.max_efa_interfaces.value_or(type.efa == true ? 1 : 0);
    EXPECT_EQ(type.efa == true, maximum > 0) << name;
    EXPECT_LE(maximum, 32) << name;
  }
}

TEST(InstanceTypes, WholeCountsRiseToTheMaximum) {
  EXPECT_EQ(instance_types().at("p6e-gb200.36xlarge").whole_counts, (std::vector<int>{4, 8}));
  for (const auto& [name, type] : instance_types()) {
    const std::vector<int>& counts = type.whole_counts;
    if (counts.empty()) continue;
    EXPECT_TRUE(std::is_sorted(counts.begin(), counts.end())) << name;
    EXPECT_EQ(counts.back(), type.max_efa_interfaces) << name;
    EXPECT_GT(counts.front(), 0) << name;
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
