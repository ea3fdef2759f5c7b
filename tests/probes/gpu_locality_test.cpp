// Whether each GPU has an EFA device beside it.

#include <gtest/gtest.h>

#include "tests/support/check_case.h"
#include "tests/support/gpu_node.h"

namespace efa {
namespace {

constexpr const char* kLocal = "gpu.no-local-efa";

MaybeResult first_gpu(const Scene& scene) {
  return result_of(scene, kLocal, accelerator(0));
}

// p6-b200: each has an EFA below its own bridge.
Scene without_first_efa() {
  return scene_with(with_gpus([](Scene& s) { gpu(s).efa.erase(gpu(s).efa.begin()); }));
}

TEST(GpuLocality, OnlyOnTypesWhoseTreeIsKnown) {
  Scene scene = without_first_efa();
  const std::pair<const char*, MaybeResult> rows[] = {
      {"p5.48xlarge", kFail},         {"p5e.48xlarge", kFail},
      {"p5en.48xlarge", kFail},       {"p5.4xlarge", kNothing},
      {"p6-b300.48xlarge", kNothing}, {"p6e-gb200.36xlarge", kNothing},
      {"g6e.48xlarge", kNothing},     {"", kNothing},
  };
  for (const auto& [type, wanted] : rows) {
    scene.expectation.instance_type = type;
    EXPECT_EQ(first_gpu(scene), wanted) << type;
  }
}

// p4d shows no bridges: two GPUs and an EFA are on a root bus.
TEST(GpuLocality, OnP4dTheRootBusCounts) {
  Scene scene = scene_with(with_gpus([](Scene& s) {
    gpu(s).nvidia[0].path = "pci0000:10/0000:10:1c.0";
    gpu(s).efa[0].path = "pci0000:10/0000:10:1b.0";
    gpu(s).efa.resize(1);
  }));
  scene.expectation.instance_type = "p4d.24xlarge";
  EXPECT_EQ(first_gpu(scene), kPass);
  gpu(scene).efa[0].path = "pci0000:20/0000:20:1b.0";
  EXPECT_EQ(first_gpu(scene), kFail);
  gpu(scene).nvidia[0].path = "pci0000:00/0000:00:1c.0";
  EXPECT_EQ(first_gpu(scene), kUnknown) << "bus 00 says nothing";
}

TEST(GpuLocality, ATreeThatDoesNotShowItIsNotJudged) {
  Scene scene = without_first_efa();
  gpu(scene).efa[0].path.reset();
  EXPECT_EQ(first_gpu(scene), kUnknown);
  gpu(scene).nvidia[0].path = "pci0000:00/0000:00:1c.0";
  EXPECT_EQ(first_gpu(scene), kUnknown) << "no bridges";
}

TEST(GpuLocality, WithAllOfTheTypesDevicesItWeighsMore) {
  Scene scene = without_first_efa();
  const auto weighs = [&] {
    const auto findings = judge_all(scene.node, scene.expectation);
    return finding_of(findings, kLocal, accelerator(0))->check->severity;
  };
  scene.expectation.maximum = 8;
  EXPECT_EQ(weighs(), Severity::kInfo);
  scene.expectation.maximum = static_cast<int>(gpu(scene).efa.size());
  EXPECT_EQ(weighs(), Severity::kWarning);
}

TEST(GpuLocality, OnTrn2OnlyWhereTheTreeShowsPairs) {
  Scene scene = scene_with(with_neuron([](Scene&) {}));
  EXPECT_EQ(first_gpu(scene), kPass);
  gpu(scene).efa[0].path = gpu(scene).efa[1].path;
  scene.expectation.maximum = static_cast<int>(gpu(scene).efa.size());
  EXPECT_EQ(first_gpu(scene), kFail);
  const auto findings = judge_all(scene.node, scene.expectation);
  EXPECT_EQ(finding_of(findings, kLocal, accelerator(0))->check->severity, Severity::kInfo);
  EXPECT_EQ(result_of(scene, kLocal, accelerator(1)), kPass);
  for (Accelerator& efa : gpu(scene).efa) efa.path = "pci0000:f0/0000:f0:01.0/0000:f1:00.0";
  EXPECT_EQ(first_gpu(scene), kUnknown) << "of a tree that is not as others saw it";
  scene.expectation.instance_type = "trn1.32xlarge";
  EXPECT_EQ(first_gpu(scene), kNothing);
}

TEST(GpuLocality, DevicesThatAreGivenAwayAreNotMissed) {
  Scene scene = without_first_efa();
  scene.expectation.set_aside = {address(0)};
  EXPECT_EQ(first_gpu(scene), kNothing);
  scene.expectation.set_aside.clear();
  scene.expectation.given = Given{"docker", 1, 4};
  EXPECT_EQ(first_gpu(scene), kNothing);
}

}  // namespace
}  // namespace efa
