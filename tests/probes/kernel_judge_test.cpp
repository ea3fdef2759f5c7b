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

}  // namespace

CheckCases kernel_cases() {
  return {
      {"kernel.driver-not-installed", kFail, kNodeSubject,
       [](Scene& s) {
         unload(s);
         s.node.kernel.facts.module_file.reset();
       }},
      {"kernel.driver-not-installed", kUnknown, kNodeSubject, crash_kernel},
      {"kernel.driver-not-loaded", kFail, kNodeSubject, unload},
      {"kernel.driver-not-loaded", kUnknown, kNodeSubject, crash_kernel},
      {"kernel.driver-blocked", kFail, kNodeSubject,
       [](Scene& s) {
         unload(s);
         s.node.kernel.facts.blacklisted_by = "/etc/modprobe.d/x.conf: blacklist efa";
       }},
      {"kernel.driver-blocked", kUnknown, kNodeSubject, crash_kernel},
      {"kernel.uverbs-not-loaded", kFail, kNodeSubject, unload},
      {"kernel.uverbs-not-loaded", kUnknown, kNodeSubject, crash_kernel},
      {"kernel.rdma-netns-exclusive", kFail, kNodeSubject,
       [](Scene& s) { s.node.kernel.facts.rdma_netns_shared = false; }},
      {"kernel.rdma-netns-exclusive", kUnknown, kNodeSubject, crash_kernel},
      {"kernel.other-rdma-stack", kFail, kNodeSubject,
       [](Scene& s) { s.node.kernel.facts.ofed = "/usr/src/ofa_kernel"; }},
      {"kernel.other-rdma-stack", kUnknown, kNodeSubject, crash_kernel},
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
  message.kind = kLoadFailed;
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
