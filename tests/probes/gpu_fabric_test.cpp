// What is said of NVIDIA's Fabric Manager, on which the GPUs of some instance types depend.

#include <gtest/gtest.h>

#include "tests/support/check_case.h"
#include "tests/support/gpu_node.h"

namespace efa {
namespace {

constexpr const char* kNotRunning = "gpu.fabric-not-running";

Change without_manager(const Change& change) {
  return with_gpus([change](Scene& s) {
    gpu(s).fabric_manager.running = false;
    change(s);
  });
}

TEST(GpuFabric, OnlyTypesWithSwitchesNeedTheManager) {
  const std::pair<const char*, MaybeResult> rows[] = {
      {"p4d.24xlarge", kFail},     {"p4de.24xlarge", kFail},   {"p5.48xlarge", kFail},
      {"p5e.48xlarge", kFail},     {"p5en.48xlarge", kFail},   {"p6-b200.48xlarge", kFail},
      {"p6-b300.48xlarge", kFail}, {"p5.4xlarge", kNothing},   {"p6e-gb200.36xlarge", kNothing},
      {"p3dn.24xlarge", kNothing}, {"g7e.48xlarge", kNothing}, {"", kNothing},
  };
  for (const auto& [type, wanted] : rows) {
    Scene scene = scene_with(without_manager(unchanged));
    scene.expectation.instance_type = type;
    EXPECT_EQ(result_of(scene, kNotRunning, kNodeSubject), wanted) << type;
  }
}

TEST(GpuFabric, AContainerDoesNotShowTheManager) {
  const auto in = [](const Change& change) { return said(without_manager(change), kNotRunning); };
  EXPECT_EQ(in([](Scene& s) { s.node.limits.facts.container = "docker"; }), kNotApplicable);
  EXPECT_EQ(in([](Scene& s) { gpu(s).covered = true; }), kNotApplicable);
  EXPECT_EQ(in([](Scene& s) { gpu(s).covered = denied(); }), kUnknown);
  EXPECT_EQ(in([](Scene& s) { silence(s.node.limits, ProbeStatus::kCrashed); }), kUnknown);
  EXPECT_EQ(in([](Scene& s) { s.node.live = false; }), kNotApplicable) << "a copy of its files";
  EXPECT_EQ(in([](Scene& s) {
              s.node.limits.facts.container = "kubernetes";
              gpu(s).fabric_manager.running = true;
            }),
            kPass);
}

TEST(GpuFabric, OfGpusThatAVirtualMachineHoldsItSetsUpTheSwitches) {
  EXPECT_EQ(
      said(without_manager([](Scene& s) { gpu(s).nvidia[0].driver = "vfio-pci"; }), kNotRunning),
      kNothing);
}

TEST(GpuFabric, ModulesThatNvlinkNeedsAreTheCause) {
  const Diagnosis diagnosis =
      diagnose(scene_with(without_manager([](Scene& s) { gpu(s).modules.ib_umad.reset(); })));
  EXPECT_EQ(cause_of(diagnosis, kNotRunning, kNodeSubject), "gpu.nvlink-modules");
}

}  // namespace
}  // namespace efa
