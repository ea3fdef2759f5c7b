// What is said of NVIDIA's Fabric Manager, on which the GPUs of some instance types depend.

#include <gtest/gtest.h>

#include <tuple>

#include "probes/judging/remedy.h"
#include "tests/support/check_case.h"
#include "tests/support/gpu_node.h"

namespace efa {
namespace {

constexpr const char* kNotRunning = "gpu.fabric-not-running";
constexpr const char* kVersion = "gpu.fabric-version";

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

using Packages = std::vector<std::string>;

// The driver is 580.95.05.
MaybeResult version_with(const Reading<bool>& running, const Reading<Packages>& packages,
                         const Change& change = unchanged) {
  return said(with_gpus([&](Scene& s) {
                gpu(s).fabric_manager = {running, packages, {}};
                change(s);
              }),
              kVersion);
}

TEST(GpuFabric, ItsPackageIsOfTheDriversVersion) {
  EXPECT_EQ(version_with(true, Packages{"580.95.05-1"}), kPass);
  EXPECT_EQ(version_with(false, Packages{"1:580.95.05-0ubuntu1"}), kPass);
  EXPECT_EQ(version_with(false, Packages{"580.82.07-1"}), kFail);
  EXPECT_EQ(version_with(false, Packages{"580.95.055-1"}), kFail);
  EXPECT_EQ(version_with(false, Packages{"580.82.07-1", "580.95.05-1"}), kPass);
}

TEST(GpuFabric, AnUpdateThatWaitsForABootIsNoFault) {
  const Packages updated{"580.105.08-1"};
  const auto on_disk = [](const char* version) {
    return [version](Scene& s) { gpu(s).nvidia_on_disk = version; };
  };
  EXPECT_EQ(version_with(true, updated), kUnknown) << "of the driver too, perhaps";
  EXPECT_EQ(version_with(denied(), updated), kUnknown);
  EXPECT_EQ(version_with(true, updated, on_disk("580.105.08")), kPass);
  EXPECT_EQ(version_with(false, updated, on_disk("580.105.08")), kPass);
  EXPECT_EQ(version_with(true, updated, on_disk("580.95.05")), kFail) << "the next start fails";
}

TEST(GpuFabric, WithoutPackagesItsLogTells) {
  const auto refused = [](const char* driver) {
    return [driver](Scene& s) { gpu(s).fabric_manager.refused = driver; };
  };
  EXPECT_EQ(version_with(false, std::nullopt, refused("580.95.05")), kFail);
  EXPECT_EQ(version_with(false, Packages{}, refused("580.95.05")), kFail);
  EXPECT_EQ(version_with(false, std::nullopt, refused("570.86.15")), kNotApplicable) << "of before";
  EXPECT_EQ(version_with(true, std::nullopt, refused("580.95.05")), kUnknown) << "mended";
  EXPECT_EQ(version_with(denied(), std::nullopt), kNotApplicable);
}

// Amazon Linux 2023, Red Hat: rpm's database is not read.
TEST(GpuFabric, OfOneThatRunsWithoutAPackageOfDpkgsTheVersionIsNotKnown) {
  for (const Reading<Packages>& packages : {Reading<Packages>(), Reading<Packages>(Packages{})}) {
    Scene scene =
        scene_with(with_gpus([&](Scene& s) { gpu(s).fabric_manager.packages = packages; }));
    const auto findings = judge_all(scene.node, scene.expectation);
    const Finding* finding = finding_of(findings, kVersion, kNodeSubject);
    ASSERT_NE(finding, nullptr);
    EXPECT_EQ(finding->result, kUnknown);
    EXPECT_NE(finding->message.find("no package of dpkg's"), std::string::npos);
    EXPECT_EQ(finding->check->severity, Severity::kInfo);
    EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
  }
}

TEST(GpuFabric, PackagesOfAContainerAreItsOwn) {
  EXPECT_EQ(version_with(false, Packages{"580.82.07-1"},
                         [](Scene& s) { s.node.limits.facts.container = "docker"; }),
            kNotApplicable);
}

TEST(GpuFabric, AnotherVersionIsWhyItDoesNotRun) {
  const Diagnosis diagnosis = diagnose(scene_with(
      without_manager([](Scene& s) { gpu(s).fabric_manager.packages = Packages{"580.82.07-1"}; })));
  EXPECT_EQ(cause_of(diagnosis, kNotRunning, kNodeSubject), kVersion);
}

TEST(GpuFabric, ItIsInstalledAsTheSystemDoesIt) {
  const std::tuple<const char*, const char*, const char*> rows[] = {
      {"Ubuntu 24.04.3 LTS", "580.95.05", "v=$(cat /sys/module/nvidia/version) && (sudo apt-get"},
      {"Amazon Linux 2023", "580.95.05", "sudo dnf -y install \"nvidia-fabricmanager-$(cat"},
      {"Amazon Linux 2023", "550.54.15", "sudo dnf -y install \"nvidia-fabric-manager-$(cat"},
      {"Amazon Linux 2", "550.54.15", "p=\"nvidia-fabric-manager-$(cat"},
      {"SUSE Linux Enterprise Server 15 SP6", "580.95.05",
       "sudo zypper --non-interactive install --oldpackage \"nvidia-fabricmanager=$(cat"},
  };
  for (const auto& [os, driver, wanted] : rows) {
    Scene scene = scene_with(without_manager(unchanged));
    set_nvidia(scene, driver);
    gpu(scene).fabric_manager.packages = Packages{"535.183.01-1"};
    scene.node.kernel.facts.os = os;
    const auto findings = judge_all(scene.node, scene.expectation);
    const Finding* finding = finding_of(findings, kVersion, kNodeSubject);
    ASSERT_NE(finding, nullptr);
    EXPECT_TRUE(command_of(*finding).starts_with(wanted)) << command_of(*finding);
    const bool dnf = command_of(*finding).find("dnf") != std::string::npos;
    EXPECT_EQ(dnf, std::string(os).ends_with("2023")) << os;
  }
}

TEST(GpuFabric, ModulesThatNvlinkNeedsAreTheCause) {
  const Diagnosis diagnosis =
      diagnose(scene_with(without_manager([](Scene& s) { gpu(s).modules.ib_umad.reset(); })));
  EXPECT_EQ(cause_of(diagnosis, kNotRunning, kNodeSubject), "gpu.nvlink-modules");
}

}  // namespace
}  // namespace efa
