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

// A copy of rdma-core in a directory, by the third number of its files.
void add_rdma_core(Scene& scene, const std::string& directory, const std::string& version,
                   bool picked) {
  auto& libraries = scene.node.software.facts.libraries;
  libraries.push_back({"libibverbs.so.1", directory + "/libibverbs.so.1",
                       "libibverbs.so.1.14." + version + ".0", picked});
  libraries.push_back(
      {"libefa.so.1", directory + "/libefa.so.1", "libefa.so.1.3." + version + ".0", picked});
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
      {"software.other-rdma-core-first", kFail, kNodeSubject,
       [](Scene& s) {
         s.node.software.facts.installer_packages = {"rdma-core-58.amzn0-1"};
         add_rdma_core(s, "/usr/local/lib", "50", true);
         add_rdma_core(s, "/usr/lib64", "58", false);
       }},
      {"software.other-rdma-core-first", kUnknown, kNodeSubject, hide_software},
      {"software.other-rdma-core-first", kPass, kNodeSubject,
       [](Scene& s) { add_rdma_core(s, "/usr/lib64", "58", true); }},
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
            "sudo apt-get purge -y efa-nv-peermem");
  for (const auto& [os, wanted] : {std::pair{"Amazon Linux 2", "sudo rpm -e efa-nv-peermem"},
                                   std::pair{"Bottlerocket OS 1.50", ""}}) {
    scene.node.kernel.facts.os = os;
    const auto there = judge_all(scene.node, scene.expectation);
    EXPECT_EQ(finding_of(there, "software.peermem-without-gpu", kNodeSubject)->command.text, wanted)
        << os;
  }
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

// On Debian the packages of the EFA installer replace the distribution's, or lie beside a build.
TEST(Software, TheInstallersRdmaCoreIsToComeFirst) {
  constexpr const char* kCode = "software.other-rdma-core-first";
  constexpr const char* kSystem = "/usr/lib/x86_64-linux-gnu";
  struct Row {
    const char* package;
    const char* picked;  // versions of two copies
    const char* other;
    MaybeResult wanted;
  };
  const Row rows[] = {
      {"rdma-core_58.amzn0-1_amd64", "58", "50", kPass},
      {"rdma-core_58.amzn0-1_amd64", "50", "58", kFail},
      {"rdma-core_58.amzn0-1_amd64", "58", "58", kPass},
      {"rdma-core_58.amzn0-1_amd64", "60", "50", kPass},  // the system's is newer by now
      {"rdma-core-devel-58-1", "50", "58", kPass},        // which is the installer's is not known
      {"librdmacm1_58-1_amd64", "50", "58", kPass},
  };
  for (const Row& row : rows) {
    Scene scene = healthy_scene();
    scene.node.software.facts.installer_packages = {row.package};
    add_rdma_core(scene, kSystem, row.picked, true);
    add_rdma_core(scene, "/usr/local/lib", row.other, false);
    EXPECT_EQ(result_of(scene, kCode, kNodeSubject), row.wanted) << row.package << row.picked;
  }
}

TEST(Software, LibefaAndLibibverbsAreOfOneRdmaCore) {
  constexpr const char* kCode = "software.other-rdma-core-first";
  Scene scene = healthy_scene();
  auto& libraries = scene.node.software.facts.libraries;
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kNotApplicable);
  add_rdma_core(scene, "/usr/lib64", "58", false);
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kNotApplicable) << "the cache was not read";
  libraries.clear();
  add_rdma_core(scene, "/usr/lib64", "58", true);
  libraries.back() = {"libefa.so.1", "/usr/local/lib/libefa.so.1", "libefa.so.1.3.50.0", true};
  const auto findings = judge_all(scene.node, scene.expectation);
  EXPECT_EQ(finding_of(findings, kCode, kNodeSubject)->message,
            "the loader takes /usr/lib64/libibverbs.so.1 (libibverbs.so.1.14.58.0) and "
            "/usr/local/lib/libefa.so.1 (libefa.so.1.3.50.0), of two versions of rdma-core");
  libraries.back().file = "libefa.so.1";
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kNotApplicable);
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
