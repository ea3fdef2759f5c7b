// What is said of limits and the kernel log.

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/check_case.h"

namespace efa {
namespace {

std::optional<LockedMemory>& locked_memory(Scene& scene, const std::string& service) {
  for (ServiceLimits& limits : scene.node.limits.facts.services) {
    if (limits.name == service) return limits.locked_memory;
  }
  return scene.node.limits.facts.own_locked_memory;
}

LogMessage error_of(size_t i, LogKind kind, const std::string& text) {
  LogMessage message;
  message.priority = 3;
  message.address = address(i);
  message.kind = kind;
  message.text = "efa " + device(i) + ": " + text;
  return message;
}

void log_error(Scene& scene, const LogMessage& message) {
  scene.node.log.facts.messages.push_back(message);
  scene.node.log.facts.total = scene.node.log.facts.messages.size();
}

void crash(Scene& scene) {
  scene.node.log.facts.traces = {
      {7, true, "Oops: 0000 [#1] PREEMPT SMP NOPTI", "efa_destroy_cq", false}};
}

constexpr LockedMemory kLow{false, 64, std::nullopt, std::nullopt};

}  // namespace

CheckCases limits_cases() {
  return {
      {"limits.memlock-low", kFail, "slurmd", [](Scene& s) { locked_memory(s, "slurmd") = kLow; }},
      {"limits.memlock-low", kUnknown, "slurmd",
       [](Scene& s) { locked_memory(s, "slurmd").reset(); }},
      {"limits.container-memlock-low", kFail, "containerd",
       [](Scene& s) { locked_memory(s, "containerd") = kLow; }},
      {"limits.container-memlock-low", kUnknown, kNodeSubject,
       [](Scene& s) { silence(s.node.limits, ProbeStatus::kTimedOut); }},
      {"limits.shell-memlock-low", kFail, "this shell",
       [](Scene& s) { s.node.limits.facts.own_locked_memory = kLow; }},
      {"limits.shell-memlock-low", kPass, "this shell",
       [](Scene& s) { s.node.limits.facts.own_locked_memory = locked_memory(s, "slurmd"); }},
      {"limits.shell-memlock-low", kUnknown, kNodeSubject,
       [](Scene& s) { silence(s.node.limits, ProbeStatus::kTimedOut); }},
      {"limits.huge-pages-few", kFail, kNodeSubject,
       [](Scene& s) { s.node.limits.facts.hugepages_2m = 55 * 192; }},
      {"limits.huge-pages-few", kUnknown, kNodeSubject,
       [](Scene& s) { s.node.limits.facts.hugepages_2m.reset(); }},
      {"limits.ptrace-restricted", kFail, kNodeSubject,
       [](Scene& s) { s.node.limits.facts.ptrace_scope = 1; }},
      {"limits.ptrace-restricted", kUnknown, kNodeSubject,
       [](Scene& s) { silence(s.node.limits, ProbeStatus::kDenied); }},
      {"limits.ptrace-restricted", kUnknown, kNodeSubject,
       [](Scene& s) {
         s.node.limits.facts.ptrace_scope = Unseen{"ptrace_scope", "any words", EIO};
       }},
  };
}

CheckCases log_cases() {
  return {
      {"log.driver-crash", kFail, kNodeSubject, crash},
      {"log.driver-crash", kUnknown, kNodeSubject,
       [](Scene& s) {
         silence(s.node.log, ProbeStatus::kDenied);
         s.node.kernel.facts.taint = "12416";  // something has crashed: 1 << 7
       }},
      {"log.driver-errors", kFail, device(1),
       [](Scene& s) { log_error(s, error_of(1, LogKind::kAdminTimeout, "no completion")); }},
      {"log.driver-errors", kUnknown, kNodeSubject,
       [](Scene& s) {
         s.node.log.facts.total.reset();
         s.node.log.facts.unseen = {{"/dev/kmsg", "Operation not permitted", EPERM}};
       }},
  };
}

namespace {

TEST(Limits, SixteenGibibytesAreEnough) {
  Scene scene = healthy_scene();
  constexpr uint64_t kEnoughKib = uint64_t{16} * 1024 * 1024;
  locked_memory(scene, "slurmd") = LockedMemory{false, kEnoughKib, {}, {}};
  EXPECT_EQ(result_of(scene, "limits.memlock-low", "slurmd"), kPass);
  locked_memory(scene, "slurmd") = LockedMemory{false, kEnoughKib - 1, {}, {}};
  EXPECT_EQ(result_of(scene, "limits.memlock-low", "slurmd"), kFail);
}

TEST(Limits, AKernelWithLargerHugePagesIsNotAsked) {
  Scene scene = healthy_scene();
  scene.node.limits.facts.hugepage_size_kib = 524288;
  scene.node.limits.facts.hugepages_2m = 0;
  EXPECT_EQ(result_of(scene, "limits.huge-pages-few", kNodeSubject), kNotApplicable);
}

TEST(Limits, AKernelWithoutYamaRestrictsNothing) {
  Scene scene = healthy_scene();
  scene.node.limits.facts.ptrace_scope.reset();
  EXPECT_EQ(result_of(scene, "limits.ptrace-restricted", kNodeSubject), kPass);
}

TEST(Log, OnlyErrorsCount) {
  Scene scene = healthy_scene();
  LogMessage message = error_of(0, LogKind::kDeviceRegistered, "IB device registered");
  message.priority = 6;
  log_error(scene, message);
  EXPECT_EQ(result_of(scene, "log.driver-errors", kNodeSubject), kPass);
}

TEST(Log, AnErrorThatNamesTheRdmaDeviceIsItsFunctions) {
  Scene scene = healthy_scene();
  LogMessage message = error_of(0, LogKind::kCommandFailed, "Failed to process command REG_MR");
  message.address.reset();
  message.device = scene.rdma(2).name;
  log_error(scene, message);
  EXPECT_EQ(result_of(scene, "log.driver-errors", device(2)), kFail);
}

// As the probe tells it that was ended before it had read all.
TEST(Log, WhatWasReadOfALogThatWasNotReadToItsEndCounts) {
  Scene scene = healthy_scene();
  scene.node.log.facts.total.reset();
  EXPECT_EQ(result_of(scene, "log.driver-errors", kNodeSubject), kUnknown);
  scene.node.log.facts.messages = {error_of(1, LogKind::kAdminTimeout, "no completion")};
  EXPECT_EQ(result_of(scene, "log.driver-errors", device(1)), kFail);
  crash(scene);
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kFail);
}

// Whether the device hangs is told by its counters.
TEST(Log, AHangInsideTheDriverIsToldAndNoMore) {
  Scene scene = healthy_scene();
  DriverTrace hang;
  hang.text = "INFO: task blocked for more than 122 seconds.";
  hang.function = "efa_com_cmd_exec";
  hang.at_start = hang.hang = true;
  scene.node.log.facts.traces = {hang};
  scene.pci(0).driver.reset();  // a warning would be a crash
  lose_rdma(scene, 0);
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kPass);
  scene = healthy_scene();
  scene.node.log.facts.traces = {hang};
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
  const auto findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, "log.driver-errors", kNodeSubject);
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->result, kFail);
  EXPECT_EQ(finding->check->severity, Severity::kInfo);
  EXPECT_EQ(finding->message,
            "1 error: the kernel saw a hang in efa_com_cmd_exec of the efa driver or below: "
            "INFO: task blocked for more than 122 seconds.");
  EXPECT_EQ(finding->check->remedy.find("REG_MR"), std::string_view::npos);
}

// The checks of the kernel tell it.
TEST(Log, WhyEfaIsNotLoadedIsNoErrorOfTheDriver) {
  Scene scene = healthy_scene();
  LogMessage message;
  message.priority = 3;
  message.kind = LogKind::kLoadFailed;
  message.text = "efa: text";
  log_error(scene, message);
  EXPECT_EQ(result_of(scene, "log.driver-errors", kNodeSubject), kFail) << "it is loaded";
  remove_driver(scene);
  EXPECT_EQ(result_of(scene, "log.driver-errors", kNodeSubject), kPass);
}

TEST(Log, ACrashIsTheCauseOfWhatHangsBehindIt) {
  Scene scene = healthy_scene();
  crash(scene);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kUnhealthy);
  hang(scene, 0);
  scene.pci(1).driver.reset();
  lose_rdma(scene, 1);
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.root_causes, std::vector<std::string>{"log.driver-crash"});
  EXPECT_EQ(diagnosis.summary,
            "0 of 4 EFA devices work: the kernel crashed in efa_destroy_cq of the efa driver or "
            "below: Oops: 0000 "
            "[#1] PREEMPT SMP NOPTI");
}

std::string remedy_of_crash(const Scene& scene) {
  const auto findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, "log.driver-crash", kNodeSubject);
  EXPECT_EQ(finding->result, kFail);
  EXPECT_EQ(finding->check->actor, Actor::kNodeOperator);
  return std::string(finding->check->remedy);
}

TEST(Log, TheRemedyOfACrashIsThatOfItsBug) {
  Scene scene = healthy_scene();
  crash(scene);
  EXPECT_EQ(remedy_of_crash(scene).find("3.3.1"), std::string::npos) << "3.1.0 has another bug";
  scene.node.kernel.facts.efa_version = "3.3.0g";
  EXPECT_NE(remedy_of_crash(scene).find("3.3.1"), std::string::npos);
  DriverTrace& trace = scene.node.log.facts.traces.at(0);
  trace.function = "efa_probe";
  EXPECT_EQ(remedy_of_crash(scene).find("3.3.1"), std::string::npos);
  trace.at_start = true;
  EXPECT_EQ(remedy_of_crash(scene).find("MLNX_OFED"), std::string::npos) << "there is none";
  scene.node.kernel.facts.ofed = "/usr/src/ofa_kernel";
  EXPECT_NE(remedy_of_crash(scene).find("MLNX_OFED"), std::string::npos);
  scene.node.limits.facts.container = "docker";
  EXPECT_EQ(remedy_of_crash(scene).find("MLNX_OFED"), std::string::npos) << "of its image";
}

// amzn-drivers#308
TEST(Log, AWarningIsToldWhereADeviceWasNotStarted) {
  Scene scene = healthy_scene();
  DriverTrace warning{7, false, "WARNING: CPU: 1 PID: 2 at device.c:650", "efa_remove_device",
                      true};
  scene.node.log.facts.traces = {warning};
  scene.node.kernel.facts.ofed = "/usr/src/ofa_kernel";
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kPass) << "all have a driver";
  scene.pci(0).driver.reset();
  lose_rdma(scene, 0);
  EXPECT_NE(remedy_of_crash(scene).find("MLNX_OFED"), std::string::npos);
  EXPECT_EQ(diagnose(scene).root_causes, std::vector<std::string>{"log.driver-crash"});
  scene.node.log.facts.traces.at(0).at_start = false;
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kPass);
}

TEST(Log, ACrashStaysUntilTheNextBoot) {
  Scene scene = healthy_scene();
  scene.node.kernel.facts.taint = "12416";
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kPass) << "of another module";
  scene.expectation.past.failing = {{"log.driver-crash", kNodeSubject}};
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kFail);
  scene.node.kernel.facts.taint = "12288";
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kPass);
}

TEST(Log, ACrashThatTheLogHasLostMayHaveBeenOfTheDriver) {
  Scene scene = healthy_scene();
  LogFacts& log = scene.node.log.facts;
  log.lost_oldest = true;
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kPass) << "there was none";
  scene.node.kernel.facts.taint = "12416";
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kUnknown);
  log.has_first_crash = true;
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kPass) << "of another module";
  log.has_first_crash = false;
  scene.expectation.past.failing = {{"log.driver-crash", kNodeSubject}};
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kFail);
}

TEST(Log, WithoutTheLogAKernelThatNeverCrashedIsWell) {
  Scene scene = healthy_scene();
  silence(scene.node.log, ProbeStatus::kDenied);
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kPass);
  scene.node.kernel.facts.taint.reset();
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kUnknown);
  scene.node.live = false;
  EXPECT_EQ(result_of(scene, "log.driver-crash", kNodeSubject), kNotApplicable);
}

}  // namespace
}  // namespace efa
