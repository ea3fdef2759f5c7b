// What is said of the EFA software on disk.

#include <gtest/gtest.h>

#include "tests/support/check_case.h"
#include "tests/support/gpu_node.h"

namespace efa {
namespace {

void hide_software(Scene& scene) {
  silence(scene.node.software, ProbeStatus::kTimedOut);
}

LibraryCopy libfabric(const std::string& directory, bool picked) {
  return {"libfabric.so.1", directory + "/libfabric.so.1", "libfabric.so.1.30.0", picked};
}

}  // namespace

CheckCases software_cases() {
  return {
      {"software.installer-old", kFail, kNodeSubject,
       [](Scene& s) {
         add_gpus(s);
         s.node.software.facts.installer_version = "1.28.0";
       }},
      {"software.installer-old", kUnknown, kNodeSubject,
       [](Scene& s) {
         s.node.software.facts.installer_version.reset();
         s.node.software.facts.installer_malformed = "/opt/amazon/efa_installed_packages";
       }},
      {"software.nccl-plugin-missing", kFail, kNodeSubject,
       [](Scene& s) {
         add_gpus(s);
         s.node.software.facts.installer_packages = {"libnccl-ofi-1.20.0-1"};
       }},
      {"software.nccl-plugin-missing", kUnknown, kNodeSubject, hide_software},
      {"software.nccl-plugin-missing", kPass, kNodeSubject,
       with_gpus([](Scene& s) { set_plugin(s, "1.20.0"); })},
      {"software.peermem-without-gpu", kFail, kNodeSubject,
       [](Scene& s) {
         s.node.software.facts.nv_peermem_conf = "/etc/modules-load.d/efa_nv_peermem.conf";
       }},
      {"software.peermem-without-gpu", kUnknown, kNodeSubject,
       [](Scene& s) {
         s.node.software.facts.nv_peermem_conf = "/etc/modules-load.d/efa_nv_peermem.conf";
         s.node.pci.facts.unidentified = {address(9)};
       }},
      {"software.other-libfabric-first", kFail, kNodeSubject,
       [](Scene& s) {
         s.node.software.facts.libraries = {libfabric("/opt/amazon/efa/lib64", false),
                                            libfabric("/usr/lib64", true)};
       }},
      {"software.other-libfabric-first", kUnknown, kNodeSubject, hide_software},
      {"software.other-libfabric-first", kPass, kNodeSubject,
       [](Scene& s) {
         s.node.software.facts.libraries = {libfabric("/opt/amazon/efa/lib64", true),
                                            libfabric("/usr/lib64", false)};
       }},
  };
}

namespace {

TEST(Software, NothingOfItMakesANodeWorseThanHealthy) {
  for (const CheckCase& row : software_cases()) {
    if (row.wanted != kFail) continue;
    Scene scene = healthy_scene();
    row.change(scene);
    EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy) << row.code;
  }
}

TEST(Software, AnOldInstallerMattersToGpusOnly) {
  Scene scene = healthy_scene();
  scene.node.software.facts.installer_version = "1.28.0";
  EXPECT_EQ(result_of(scene, "software.installer-old", kNodeSubject), kPass);
  add_gpus(scene);
  EXPECT_EQ(result_of(scene, "software.installer-old", kNodeSubject), kFail);
  scene.node.software.facts.installer_version = "1.29.1";
  EXPECT_EQ(result_of(scene, "software.installer-old", kNodeSubject), kPass);
  scene.node.software.facts.installer_version = "newest";
  EXPECT_EQ(result_of(scene, "software.installer-old", kNodeSubject), kUnknown);
  scene.node.software.facts.installer_version.reset();
  EXPECT_EQ(result_of(scene, "software.installer-old", kNodeSubject), kNotApplicable);
}

TEST(Software, APluginIsMissedOnlyWhereItWasInstalled) {
  Scene scene = healthy_scene();
  add_gpus(scene);
  constexpr const char* kCode = "software.nccl-plugin-missing";
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kNotApplicable);
  scene.node.software.facts.installer_packages = {"libnccl-ofi-1.20.0-1"};
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kFail);
  scene.node.software.facts.ofi_nccl = {"/opt/amazon/ofi-nccl/lib64/libnccl-net-ofi.so"};
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kPass);
}

TEST(Software, ThePeermemPackageBelongsToNodesWithGpus) {
  Scene scene = healthy_scene();
  scene.node.software.facts.nv_peermem_conf = "/etc/modules-load.d/efa_nv_peermem.conf";
  scene.node.kernel.facts.os = "Ubuntu 24.04.3 LTS";
  const auto findings = judge_all(scene.node, scene.expectation);
  EXPECT_EQ(finding_of(findings, "software.peermem-without-gpu", kNodeSubject)->command.text,
            "sudo apt-get remove -y efa-nv-peermem");
  add_gpus(scene);
  EXPECT_EQ(result_of(scene, "software.peermem-without-gpu", kNodeSubject), kPass);
}

// What of an image alone is told: its nodes are not known.
TEST(Software, OfAnImageThePeermemPackageNeedsAModuleOfNvidia) {
  Scene scene = healthy_scene();
  constexpr const char* kCode = "software.peermem-without-gpu";
  scene.node.pci.facts.unidentified = {address(9)};
  scene.node.kernel.facts.nvidia_installed = false;
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kPass) << "it is not installed";
  scene.node.software.facts.nv_peermem_conf = "/etc/modules-load.d/efa_nv_peermem.conf";
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kFail);
  for (const std::optional<bool> other : {std::optional(true), std::optional<bool>()}) {
    scene.node.kernel.facts.nvidia_installed = other;
    EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kUnknown);
  }
}

TEST(Software, TheInstallersLibfabricIsToComeFirst) {
  Scene scene = healthy_scene();
  constexpr const char* kCode = "software.other-libfabric-first";
  auto& libraries = scene.node.software.facts.libraries;
  libraries = {libfabric("/usr/lib64", true)};
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kNotApplicable);
  libraries = {libfabric("/opt/amazon/efa/lib64", true), libfabric("/usr/lib64", false)};
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kPass);
  libraries = {libfabric("/opt/amazon/efa/lib64", false), libfabric("/usr/lib64", false)};
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kNotApplicable) << "the cache was not read";
}

TEST(Software, NothingIsSaidWhereNoEfaIs) {
  Scene scene = healthy_scene();
  hide_software(scene);
  scene.node.pci.facts.efa.clear();
  for (const Finding& finding : judge_all(scene.node, scene.expectation)) {
    EXPECT_FALSE(finding.check->code.starts_with("software.")) << finding.check->code;
  }
}

}  // namespace
}  // namespace efa
