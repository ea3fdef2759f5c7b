// Coherent GPUs: does their driver map their memory by PCIe for the EFA devices?

#include <gtest/gtest.h>

#include "probes/gpu/ways.h"
#include "tests/support/gpu_node.h"

namespace efa {
namespace {

struct Setting {
  const char* nvidia;
  std::optional<uint32_t> override_value;
};

Passes passes(const Setting& setting, void (*change)(GpuFacts&)) {
  Scene scene = healthy_scene();
  add_grace_gpus(scene);
  gpu(scene).modules.nvidia = setting.nvidia;
  gpu(scene).parameters->topology_override = setting.override_value;
  change(gpu(scene));
  return topology_check(gpu(scene)).passes;
}

void keep(GpuFacts& /*facts*/) {}

// Each GPU has an EFA beside it, and that is in no group.
void differ(GpuFacts& facts) {
  for (Accelerator& efa : facts.efa) efa.iommu_group.reset();
}

// As on a GB300 that was seen: the EFA in no group, below another root bus.
void differ_elsewhere(GpuFacts& facts) {
  differ(facts);
  for (Accelerator& efa : facts.efa) efa.path = "pci0000:84/0000:84:00.0/" + efa.address.to_text();
}

void hide_groups(GpuFacts& facts) {
  facts.efa[0].iommu_group = Unseen{"iommu_group", "Permission denied", 13};
}

TEST(GpuTopology, OneGroupPasses) {
  for (const char* nvidia : {"570.86.15", "580.95.05", "595.45.04"}) {
    EXPECT_EQ(passes({nvidia, 0}, keep), Passes::kYes) << nvidia;
  }
  const auto none = [](GpuFacts& facts) {
    differ(facts);
    for (Accelerator& one : facts.nvidia) one.iommu_group.reset();
  };
  EXPECT_EQ(passes({"580.95.05", 0}, none), Passes::kYes) << "no groups at all are one";
}

TEST(GpuTopology, TheOptionDecidesWhereGroupsDiffer) {
  struct Row {
    Setting setting;
    Passes wanted;
  };
  const Row rows[] = {
      {{"570.86.15", 0}, Passes::kNo},  {{"570.195.03", 1}, Passes::kYes},
      {{"575.64.05", 2}, Passes::kYes}, {{"580.95.05", 0}, Passes::kNo},
      {{"580.95.05", 1}, Passes::kYes}, {{"580.95.05", 2}, Passes::kNo},
      {{"590.48.01", 1}, Passes::kYes}, {{"595.44.02", 1}, Passes::kNo},
      {{"595.45.04", 0}, Passes::kNo},  {{"580.95.05", {}}, Passes::kNotRead},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(passes(row.setting, differ), row.wanted) << row.setting.nvidia;
  }
  EXPECT_EQ(passes({"580.95.05", 2}, keep), Passes::kNo) << "2 refuses whatever the groups are";
}

TEST(GpuTopology, WhatNoSourceTellsIsNotKnown) {
  EXPECT_EQ(passes({"565.57.01", 0}, differ), Passes::kNotKnown) << "no such mapping";
  EXPECT_EQ(passes({"595.91.07", 0}, keep), Passes::kNotKnown);
  EXPECT_EQ(passes({"595.91.07", 0}, differ), Passes::kNotKnown);
  EXPECT_EQ(passes({"595.91.07", 0}, differ_elsewhere), Passes::kNo) << "as it was seen";
  EXPECT_EQ(passes({"580.95.05", 0}, differ_elsewhere), Passes::kNotKnown) << "no EFA is beside";
}

TEST(GpuTopology, WhatCouldNotBeReadIsSaid) {
  EXPECT_EQ(passes({"580.95.05", 0}, hide_groups), Passes::kNotRead);
  EXPECT_EQ(passes({"580.95.05", 1}, hide_groups), Passes::kYes) << "groups do not matter then";
  EXPECT_EQ(passes({"x", 0}, differ), Passes::kNotRead);
  EXPECT_EQ(passes({"580.95.05", 0},
                   [](GpuFacts& facts) {
                     differ(facts);
                     facts.parameters = Unseen{"params", "Permission denied", 13};
                   }),
            Passes::kNotRead);
}

}  // namespace
}  // namespace efa
