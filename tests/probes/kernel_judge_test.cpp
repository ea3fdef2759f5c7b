// What is said of the kernel and its modules.

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/check_case.h"

namespace efa {
namespace {

void crash_kernel(Scene& scene) {
  silence(scene.node.kernel, ProbeStatus::kCrashed, "signal 11");
}

void unload(Scene& scene) {
  remove_driver(scene);
}

// No device is left that shows what is loaded.
void crash_and_unbind(Scene& scene) {
  crash_kernel(scene);
  for (PciFunction& function : scene.node.pci.facts.efa) function.driver.reset();
  for (RdmaDevice& device : scene.node.rdma.facts.devices) device.uverbs.reset();
}

// So many devices of an id of tomorrow, which only the driver on disk knows.
void need_newer(Scene& scene, size_t devices) {
  KernelFacts& facts = scene.node.kernel.facts;
  facts.efa_version = "2.10.0g";
  facts.known_device_ids = {"0xefa0", "0xefa1", "0xefa2", "0xefa3"};
  for (size_t i = 0; i < devices; ++i) {
    scene.pci(i).device = "0xefa3";
    scene.pci(i).driver.reset();
    lose_rdma(scene, i);
  }
}

void boot_next(Scene& scene, std::optional<bool> has_driver) {
  scene.node.kernel.facts.next_kernel =
      NextKernel{"7.0.0-1012-aws", "/boot/grub/grub.cfg", has_driver};
}

const Unseen kUnreadableFile{"/lib/modules/6.1.0/extra/efa.ko.xz", "Permission denied", EACCES};

}  // namespace

CheckCases kernel_cases() {
  return {
      {"kernel.driver-not-installed", kFail, kNodeSubject,
       [](Scene& s) {
         unload(s);
         s.node.kernel.facts.module_file.reset();
       }},
      {"kernel.driver-not-installed", kUnknown, kNodeSubject, crash_and_unbind},
      {"kernel.driver-not-loaded", kFail, kNodeSubject, unload},
      {"kernel.driver-not-loaded", kUnknown, kNodeSubject, crash_and_unbind},
      {"kernel.driver-blocked", kFail, kNodeSubject,
       [](Scene& s) {
         unload(s);
         s.node.kernel.facts.blacklisted_by = "/etc/modprobe.d/x.conf: blacklist efa";
       }},
      {"kernel.driver-blocked", kUnknown, kNodeSubject, crash_and_unbind},
      {"kernel.driver-blocked", kPass, kNodeSubject, unload},
      {"kernel.uverbs-not-loaded", kFail, kNodeSubject, unload},
      {"kernel.uverbs-not-loaded", kUnknown, kNodeSubject, crash_and_unbind},
      {"kernel.rdma-netns-exclusive", kFail, kNodeSubject,
       [](Scene& s) { s.node.kernel.facts.rdma_netns_shared = false; }},
      {"kernel.rdma-netns-exclusive", kUnknown, kNodeSubject, crash_kernel},
      {"kernel.other-rdma-stack", kFail, kNodeSubject,
       [](Scene& s) { s.node.kernel.facts.ofed = "/usr/src/ofa_kernel"; }},
      {"kernel.other-rdma-stack", kUnknown, kNodeSubject, crash_kernel},
      {"kernel.driver-stale", kFail, kNodeSubject, [](Scene& s) { need_newer(s, 2); }},
      {"kernel.driver-stale", kUnknown, kNodeSubject,
       [](Scene& s) {
         need_newer(s, 1);
         s.node.kernel.facts.efa_version.reset();
         s.node.kernel.facts.module_on_disk = kUnreadableFile;
       }},
      {"kernel.next-kernel-without-driver", kFail, kNodeSubject,
       [](Scene& s) { boot_next(s, false); }},
      {"kernel.next-kernel-without-driver", kUnknown, kNodeSubject,
       [](Scene& s) { boot_next(s, std::nullopt); }},
      {"kernel.next-kernel-without-driver", kPass, kNodeSubject,
       [](Scene& s) { boot_next(s, true); }},
      {"kernel.kexec-with-old-driver", kFail, kNodeSubject,
       [](Scene& s) {
         s.node.kernel.facts.kexec_loaded = true;
         s.node.kernel.facts.efa_version = "2.8.0g";
       }},
      {"kernel.kexec-with-old-driver", kNotApplicable, kNodeSubject,
       [](Scene& s) { s.node.kernel.facts.kexec_loaded.reset(); }},
      {"kernel.kexec-with-old-driver", kUnknown, kNodeSubject,
       [](Scene& s) {
         s.node.kernel.facts.kexec_loaded = Unseen{"kexec_loaded", "any words", EIO};
       }},
      {"kernel.peermem-build-failed", kFail, kNodeSubject,
       [](Scene& s) {
         s.node.kernel.facts.dkms_failed = {"efa-nv-peermem/1.2.2 for 6.1.0-40-cloud-amd64"};
       }},
      {"kernel.peermem-build-failed", kUnknown, kNodeSubject, crash_kernel},
  };
}

namespace {

TEST(Kernel, ADriverThatIsBuiltInNeedsNoModule) {
  Scene scene = healthy_scene();
  KernelFacts& facts = scene.node.kernel.facts;
  facts.module_file.reset();
  facts.efa_loaded = facts.ib_uverbs_loaded = false;
  facts.efa_builtin = true;
  for (const char* code :
       {"kernel.driver-not-installed", "kernel.driver-not-loaded", "kernel.uverbs-not-loaded"}) {
    EXPECT_EQ(result_of(scene, code, kNodeSubject), kPass) << code;
  }
}

TEST(Kernel, TheKernelsWordsOfAFailedLoadAreTheEvidence) {
  Scene scene = healthy_scene();
  unload(scene);
  LogMessage message;
  message.priority = 4;
  message.kind = LogKind::kLoadFailed;
  message.text = "efa: Unknown symbol ib_register_device (err -2)";
  scene.node.log.facts.messages = {message};
  const auto findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, "kernel.driver-not-loaded", kNodeSubject);
  EXPECT_EQ(finding->message, "module efa is not loaded: " + message.text);
  EXPECT_EQ(finding->evidence.observed, message.text);
  EXPECT_EQ(result_of(scene, "log.driver-errors", kNodeSubject), kPass) << "it is no error";
  scene.node.kernel.facts.efa_loaded = true;
  EXPECT_EQ(result_of(scene, "kernel.driver-not-loaded", kNodeSubject), kPass) << "a later one did";
}

// What is bound to devices is loaded, also where a container shows no modules.
TEST(Kernel, DevicesThatAreDrivenShowTheirDriver) {
  Scene scene = healthy_scene();
  crash_kernel(scene);
  EXPECT_EQ(result_of(scene, "kernel.driver-not-loaded", kNodeSubject), kPass);
  EXPECT_EQ(result_of(scene, "kernel.uverbs-not-loaded", kNodeSubject), kPass);
}

TEST(Kernel, WhatTheKernelSaidOfPeerMemoryIsNotWhyEfaIsNotLoaded) {
  Scene scene = healthy_scene();
  unload(scene);
  LogMessage message;
  message.kind = LogKind::kModuleRefused;
  message.text = "efa_nv_peermem: no symbol version for nvidia_p2p_get_pages";
  scene.node.log.facts.messages = {message};
  const auto findings = judge_all(scene.node, scene.expectation);
  EXPECT_EQ(finding_of(findings, "kernel.driver-not-loaded", kNodeSubject)->message,
            "module efa is not loaded");
}

TEST(Kernel, AnUnreadableModprobeFileMayBlock) {
  Scene scene = healthy_scene();
  unload(scene);
  EXPECT_EQ(result_of(scene, "kernel.driver-blocked", kNodeSubject), kPass);
  scene.node.kernel.facts.blacklisted_by = Unseen{"a file", "any words", EACCES};
  EXPECT_EQ(result_of(scene, "kernel.driver-blocked", kNodeSubject), kUnknown);
}

TEST(Kernel, ABlacklistThatDidNotHoldIsNoFault) {
  Scene scene = healthy_scene();
  scene.node.kernel.facts.blacklisted_by = "/etc/modprobe.d/x.conf: blacklist efa";
  EXPECT_EQ(result_of(scene, "kernel.driver-blocked", kNodeSubject), kNothing);
}

TEST(Kernel, AnOldKernelWithoutNamespacesIsNotAsked) {
  Scene scene = healthy_scene();
  scene.node.kernel.facts.rdma_netns_shared.reset();
  EXPECT_EQ(result_of(scene, "kernel.rdma-netns-exclusive", kNodeSubject), kNotApplicable);
}

using Codes = std::vector<std::string>;

TEST(Kernel, AStaleDriverExplainsTheDevicesThatItDoesNotKnow) {
  Scene scene = healthy_scene();
  need_newer(scene, 4);
  drop_fabric(scene);
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.root_causes, Codes{"kernel.driver-stale"});
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(cause_of(diagnosis, "driver.not-bound", device(i)), "kernel.driver-stale");
    EXPECT_EQ(cause_of(diagnosis, "pci.id-unknown", device(i)), "kernel.driver-stale");
  }
  const Finding* stale = finding_of(diagnosis.findings, "kernel.driver-stale", kNodeSubject);
  EXPECT_EQ(stale->message,
            "loaded is efa 2.10.0g, on disk efa 3.1.0 that knows 0xefa3, which the loaded one does "
            "not; 4 EFA devices are without driver");
  EXPECT_EQ(stale->command.text, "sudo modprobe -r efa && sudo modprobe efa");
  scene.node.kernel.facts.efa_holders = {"kefalnd"};  // Lustre keeps it
  const auto findings = judge_all(scene.node, scene.expectation);
  EXPECT_EQ(finding_of(findings, "kernel.driver-stale", kNodeSubject)->command.text, "sudo reboot");
}

TEST(Kernel, AnIdThatNoDriverKnowsIsNoStaleDriver) {
  Scene scene = healthy_scene();
  need_newer(scene, 4);
  drop_fabric(scene);
  scene.node.kernel.facts.known_device_ids = {"0xefa0", "0xefa1"};
  EXPECT_EQ(diagnose(scene).root_causes, Codes{"pci.id-unknown"});
}

// The kernel's own driver shows no version: the checksums of the sources tell it apart.
TEST(Kernel, SrcversionTellsTheLoadedDriverFromTheOneOnDisk) {
  Scene scene = healthy_scene();
  need_newer(scene, 1);
  KernelFacts& facts = scene.node.kernel.facts;
  facts.efa_version.reset();
  facts.dkms.clear();
  facts.efa_srcversion = "AAAA";
  ModuleFile file;
  file.srcversion = "BBBB";
  facts.module_on_disk = file;
  EXPECT_EQ(result_of(scene, "pci.id-unknown", device(0)), kUnknown);
  EXPECT_EQ(diagnose(scene).root_causes, Codes{"kernel.driver-stale"});
  file.srcversion = "AAAA";
  facts.module_on_disk = file;
  EXPECT_EQ(result_of(scene, "pci.id-unknown", device(0)), kPass);
  EXPECT_EQ(result_of(scene, "kernel.driver-stale", kNodeSubject), kPass);
  EXPECT_EQ(diagnose(scene).root_causes, Codes{"driver.not-bound"});
}

TEST(Kernel, ADeviceThatTheDriverGaveUpOrThatIsReservedIsNoStaleDriver) {
  Scene scene = healthy_scene();
  need_newer(scene, 1);
  scene.pci(0).driver_override = "vfio-pci";
  EXPECT_NE(result_of(scene, "kernel.driver-stale", kNodeSubject), kFail);
  scene.pci(0).driver_override = "";
  EXPECT_EQ(result_of(scene, "kernel.driver-stale", kNodeSubject), kFail);
  for (const LogKind kind :
       {LogKind::kProbeFailed, LogKind::kOutOfMemory, LogKind::kRegionBusy, LogKind::kProbeEnded}) {
    LogMessage message;
    message.address = address(0);
    message.kind = kind;
    scene.node.log.facts.messages = {message};
    EXPECT_NE(result_of(scene, "kernel.driver-stale", kNodeSubject), kFail) << word_of(kind);
  }
}

TEST(Kernel, AnotherDriverThanInstalledIsAnInfoWhereAllDevicesAreBound) {
  Scene scene = healthy_scene();
  scene.node.kernel.facts.efa_version = "3.0.0a";
  const Diagnosis diagnosis = diagnose(scene);
  const Finding* finding = finding_of(diagnosis.findings, "kernel.driver-stale", kNodeSubject);
  EXPECT_EQ(finding->result, kFail);
  EXPECT_EQ(finding->check->severity, Severity::kInfo);
  EXPECT_EQ(finding->message, "loaded is efa 3.0.0a, and on disk is efa 3.1.0");
  EXPECT_EQ(diagnosis.verdict, Verdict::kHealthy);
}

TEST(Kernel, OnlyANewerDriverOfTheInstallerIsTold) {
  Scene scene = healthy_scene();
  scene.node.kernel.facts.dkms.clear();
  const auto result = [&](const std::string& package) {
    scene.node.software.facts.installer_packages = {"efa-config-1.18-1", package};
    return result_of(scene, "kernel.driver-stale", kNodeSubject);
  };
  EXPECT_EQ(result("efa-3.3.1-1"), kFail);
  EXPECT_EQ(result("efa_3.3.1-1.amzn1_amd64"), kFail);
  EXPECT_EQ(result("efa-3.0.0-1"), kNotApplicable);  // the kernel's own may be newer
  EXPECT_EQ(result("efa-nv-peermem-9.0.0-1"), kNotApplicable);
}

TEST(Kernel, TheKernelsOwnDriverIsNotThatOfTheInstaller) {
  Scene scene = healthy_scene();
  KernelFacts& facts = scene.node.kernel.facts;
  facts.dkms.clear();
  facts.efa_version.reset();
  facts.efa_state = "live";
  EXPECT_EQ(result_of(scene, "kernel.driver-stale", kNodeSubject), kNotApplicable);
  scene.node.software.facts.installer_packages = {"efa-3.1.0-1"};
  EXPECT_EQ(result_of(scene, "kernel.driver-stale", kNodeSubject), kFail);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
  facts.efa_state.reset();  // a container does not see the module's attributes
  EXPECT_EQ(result_of(scene, "kernel.driver-stale", kNodeSubject), kNotApplicable);
}

TEST(Kernel, TheNextKernelIsJudgedWhereItIsKnown) {
  Scene scene = healthy_scene();
  constexpr const char* kCode = "kernel.next-kernel-without-driver";
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kNotApplicable);
  boot_next(scene, true);
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kPass);
  boot_next(scene, false);
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.verdict, Verdict::kDegraded);
  EXPECT_EQ(finding_of(diagnosis.findings, kCode, kNodeSubject)->command.text,
            "sudo dkms install efa/3.1.0 -k 7.0.0-1012-aws");
  scene.node.kernel.facts.next_kernel->release = *scene.node.kernel.facts.release;
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kPass);
}

TEST(Kernel, TheNextKernelsDriverMustKnowTheDevices) {
  Scene scene = healthy_scene();
  constexpr const char* kCode = "kernel.next-kernel-without-driver";
  boot_next(scene, true);
  std::vector<std::string>& known = scene.node.kernel.facts.next_kernel->known_device_ids;
  known = {"0xefa0"};
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.root_causes, std::vector<std::string>{kCode});
  EXPECT_EQ(finding_of(diagnosis.findings, kCode, kNodeSubject)->message,
            "7.0.0-1012-aws boots next (/boot/grub/grub.cfg), and its efa does not know " +
                scene.pci(0).device);
  scene.pci(1).device = "0xefa9";
  scene.pci(1).driver.reset();
  known.push_back(scene.pci(0).device);
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kPass) << "the running one's does not know it";
}

// A container without /sys/module and /lib/modules.
TEST(Kernel, WhatDrivesDevicesIsThereWhateverFilesShow) {
  Scene scene = healthy_scene();
  KernelFacts& facts = scene.node.kernel.facts;
  facts.efa_loaded.reset();
  facts.efa_builtin.reset();
  facts.module_file.reset();
  facts.module_index_readable = false;
  EXPECT_EQ(result_of(scene, "kernel.driver-not-installed", kNodeSubject), kPass);
  for (size_t i = 0; i < scene.node.pci.facts.efa.size(); ++i) scene.pci(i).driver.reset();
  EXPECT_EQ(result_of(scene, "kernel.driver-not-installed", kNodeSubject), kUnknown);
}

TEST(Kernel, ABuildThatFailedIsNamedWhereTheDriverIsMissing) {
  Scene scene = healthy_scene();
  unload(scene);
  scene.node.kernel.facts.module_file.reset();
  scene.node.kernel.facts.dkms_failed = {"efa/3.1.0 for 6.1.0-40-cloud-amd64"};
  const auto findings = judge_all(scene.node, scene.expectation);
  EXPECT_EQ(finding_of(findings, "kernel.driver-not-installed", kNodeSubject)->message,
            "no module efa for 6.1.0-40-cloud-amd64; DKMS could not build efa/3.1.0: "
            "/var/lib/dkms/efa/3.1.0/build/make.log");
}

TEST(Kernel, NothingIsSaidWhereThereIsNothingToDrive) {
  Scene scene = healthy_scene();
  crash_kernel(scene);
  scene.node.pci.facts.efa.clear();
  for (const Finding& finding : judge_all(scene.node, scene.expectation)) {
    EXPECT_FALSE(finding.check->code.starts_with("kernel.")) << finding.check->code;
  }
}

}  // namespace
}  // namespace efa
