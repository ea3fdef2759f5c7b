// What is said of the node by its files is not said by those of a container's image.

#include <gtest/gtest.h>

#include "agent/diagnose/image.h"
#include "probes/judging/loaded_driver.h"
#include "probes/kernel/facts.h"
#include "tests/support/check_case.h"

namespace efa {
namespace {

void enter_container(Scene& scene) {
  scene.node.limits.facts.container = "kubernetes";
}

// efa-doctor's own, in which it sees the node's root.
void enter_own_container(Scene& scene) {
  enter_container(scene);
  scene.node.limits.facts.from_container = true;
}

void unload(Scene& scene) {
  remove_driver(scene);
}

void boot_next(Scene& scene) {
  scene.node.kernel.facts.next_kernel =
      NextKernel{"6.8.0-31-generic", "/boot/grub/grub.cfg", false, {}};
}

void boot_one_that_knows_less(Scene& scene) {
  scene.node.kernel.facts.next_kernel =
      NextKernel{"6.8.0-31-generic", "/boot/grub/grub.cfg", true, {"0xefa9"}};
}

void block(Scene& scene) {
  unload(scene);
  scene.node.kernel.facts.blacklisted_by = "/etc/modprobe.d/x.conf: blacklist efa";
}

void rename_by_rule(Scene& scene) {
  scene.rdma(0).name = "efa_0";
  scene.node.software.facts.rename_rule = "/usr/lib/udev/rules.d/60-rdma-persistent-naming.rules";
}

void install_newer(Scene& scene) {
  scene.node.kernel.facts.efa_version = "2.10.0g";
  scene.node.kernel.facts.dkms.clear();
  scene.node.software.facts.installer_packages = {"efa-3.1.0-1.amzn2"};
}

struct ClaimOfFiles {
  const char* code;
  std::string subject;
  FindingResult in_container;
  std::function<void(Scene&)> change;
};

const std::vector<ClaimOfFiles>& claims() {
  static const std::vector<ClaimOfFiles> kClaims = {
      {"kernel.next-kernel-without-driver", kNodeSubject, kNotApplicable, boot_next},
      {"kernel.next-kernel-without-driver", kNodeSubject, kNotApplicable, boot_one_that_knows_less},
      {"kernel.other-rdma-stack", kNodeSubject, kNotApplicable,
       [](Scene& s) { s.node.kernel.facts.ofed = "/usr/src/ofa_kernel"; }},
      {"kernel.peermem-build-failed", kNodeSubject, kNotApplicable,
       [](Scene& s) {
         s.node.kernel.facts.dkms_failed = {"efa-nv-peermem/1.2.3 for " +
                                            *s.node.kernel.facts.release};
       }},
      {"kernel.driver-stale", kNodeSubject, kNotApplicable, install_newer},
      {"kernel.driver-blocked", kNodeSubject, kUnknown, block},
      {"kernel.driver-not-installed", kNodeSubject, kUnknown,
       [](Scene& s) {
         unload(s);
         s.node.kernel.facts.module_file.reset();
       }},
      {"pci.id-unknown", device(0), kUnknown,
       [](Scene& s) {
         unload(s);
         s.pci(0).device = "0xefa9";
       }},
      {"rdma.name-not-persistent", device(0), kNotApplicable, rename_by_rule},
      {"software.peermem-without-gpu", kNodeSubject, kNotApplicable,
       [](Scene& s) {
         s.node.software.facts.nv_peermem_conf = "/etc/modules-load.d/efa_nv_peermem.conf";
       }},
  };
  return kClaims;
}

TEST(ContainerFiles, TellNothingOfTheNode) {
  for (const ClaimOfFiles& claim : claims()) {
    Scene scene = healthy_scene();
    claim.change(scene);
    EXPECT_EQ(result_of(scene, claim.code, claim.subject), kFail) << claim.code;
    Scene own = scene;
    enter_own_container(own);
    EXPECT_EQ(result_of(own, claim.code, claim.subject), kFail) << claim.code;
    enter_container(scene);
    EXPECT_EQ(result_of(scene, claim.code, claim.subject), claim.in_container) << claim.code;
  }
}

// The kernel's command line and what drives the devices are the node's from everywhere.
TEST(ContainerFiles, WhatTheKernelItselfShowsIsTheNodes) {
  Scene scene = healthy_scene();
  block(scene);
  scene.node.kernel.facts.also_kept_out_by = {"/proc/cmdline: modprobe.blacklist=efa"};
  enter_container(scene);
  const auto findings = judge_all(scene.node, scene.expectation);
  const Finding* blocked = finding_of(findings, "kernel.driver-blocked", kNodeSubject);
  ASSERT_NE(blocked, nullptr);
  EXPECT_EQ(blocked->result, kFail);
  EXPECT_EQ(blocked->message, "kept out by /proc/cmdline: modprobe.blacklist=efa");
  EXPECT_EQ(result_in(findings, "kernel.driver-not-loaded", kNodeSubject), kFail);
  Scene works = healthy_scene();
  enter_container(works);
  EXPECT_EQ(result_of(works, "kernel.driver-not-installed", kNodeSubject), kPass);
}

// Of a module that is not loaded the kernel's own word is told, not the file of the image.
TEST(ContainerFiles, TheImagesModuleIsNotJudged) {
  Scene scene = healthy_scene();
  unload(scene);
  scene.node.kernel.facts.ib_uverbs_installed = false;
  scene.node.kernel.facts.lockdown = "integrity";
  scene.node.kernel.facts.module_on_disk = ModuleFile{};
  EXPECT_EQ(result_of(scene, "kernel.uverbs-not-installed", kNodeSubject), kFail);
  EXPECT_EQ(result_of(scene, "kernel.driver-unsigned", kNodeSubject), kFail);
  scene.node.kernel.facts.modules_disabled = true;
  enter_container(scene);
  EXPECT_EQ(result_of(scene, "kernel.uverbs-not-installed", kNodeSubject), kNothing);
  EXPECT_EQ(result_of(scene, "kernel.driver-unsigned", kNodeSubject), kNothing);
  EXPECT_EQ(result_of(scene, "kernel.modules-disabled", kNodeSubject), kFail);
}

TEST(ContainerFiles, NameNoDriverThatTheNodeLost) {
  Scene scene = healthy_scene();
  install_newer(scene);
  EXPECT_EQ(lost_driver(scene.node), "3.1.0");
  enter_container(scene);
  EXPECT_FALSE(lost_driver(scene.node));
}

TEST(ContainerFiles, OfModprobeDoNotGiveADeviceAway) {
  Scene scene = healthy_scene();
  scene.pci(0).driver = "vfio-pci";
  scene.pci(0).device = "0xefa1";
  scene.node.kernel.facts.vfio_lines = {"/etc/modprobe.d/vfio.conf: options vfio-pci ids=1d0f:efa1",
                                        "/proc/cmdline: vfio-pci.ids=1d0f:efa1"};
  enter_container(scene);
  const auto findings = judge_all(scene.node, scene.expectation);
  EXPECT_EQ(finding_of(findings, "driver.wrong-driver", device(0))->message,
            "is bound to vfio-pci, at each boot, by /proc/cmdline: vfio-pci.ids=1d0f:efa1");
}

// An image that is built in a container (bootc) is itself what is looked at.
TEST(ContainerFiles, OfAnImageAreLookedAtWhereverThatIsDone) {
  Scene scene = healthy_scene();
  enter_container(scene);
  Seen<KernelFacts> kernel = scene.node.kernel;
  kernel.facts.efa_loaded = false;
  kernel.facts.blacklisted_by = "/etc/modprobe.d/x.conf: blacklist efa";
  const Diagnosis diagnosis = diagnose_image(scene.node, {kernel}, {});
  EXPECT_EQ(
      result_in(diagnosis.findings, "kernel.driver-blocked", "kernel " + *kernel.facts.release),
      kFail);
}

}  // namespace
}  // namespace efa
