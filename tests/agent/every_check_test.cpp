// Every check of the catalogue has a case in which it fails, one in which it could not look, and
// one in which it passes.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "probes/account/checks.h"
#include "probes/judging/remedy.h"
#include "probes/judging/table.h"
#include "probes/mesh/checks.h"
#include "probes/pair/checks.h"
#include "tests/support/account_fleet.h"
#include "tests/support/check_case.h"
#include "tests/support/gpu_node.h"

namespace efa {
namespace {

// What the agent itself has seen: it started the processes and read what they printed.
const std::set<std::string> kAlwaysSeen = {"probe.timed-out",
                                           "probe.crashed",
                                           "probe.unavailable",
                                           "probe.denied",
                                           "probe.failed",
                                           "probe.still-hanging",
                                           "probe.malformed-finding",
                                           "probe.library-not-trusted",
                                           "probe.left-processes"};

// They say that time ran out, that a file is strange, or what can have several reasons, and blame
// nobody.
const std::set<std::string> kNeverFail = {"probe.slow",           "rdma.counters-slow",
                                          "verbs.open-slow",      "rdma.counter-unreadable",
                                          "cloud.rules-not-seen", "cloud.not-seen-from-here",
                                          "jobs.efa-quiet"};

// No node can see it, the healthiest neither.
const std::set<std::string> kNeverSeen = {"cloud.rules-not-seen", "cloud.not-seen-from-here"};

// Where all is well they say nothing, as kAlwaysSeen and kNeverFail do.
const std::set<std::string> kNeverPass = {
    "cloud.capable-type-unused",  // said of nodes that use no EFA
    "cloud.rails-unused",         // likewise
    "driver.probe-failed",        // of a function that has its driver driver.not-bound passes
    "driver.wrong-driver",        // likewise
    "kernel.driver-stuck",        // of a driver that works kernel.driver-not-loaded passes
    "pci.device-vanished",        // its subjects are devices that are gone
    "rdma.name-not-persistent",   // said of names that the kernel gave
};

class EveryCheckCase : public testing::TestWithParam<CheckCase> {};

TEST_P(EveryCheckCase, IsSaidOfItsSubject) {
  const CheckCase& row = GetParam();
  Scene scene = healthy_scene();
  EXPECT_NE(result_of(scene, row.code, row.subject), row.wanted) << "already of a healthy node";
  row.change(scene);
  const auto findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, row.code, row.subject);
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->result, row.wanted) << finding->message;
  EXPECT_FALSE(finding->message.empty());
  EXPECT_FALSE(finding->check->title.empty());
  EXPECT_NE(find_check(row.code), nullptr);
}

// A fault on a machine of that system.
Finding failing_on(const CheckCase& row, const std::function<void(Node&)>& system) {
  Scene scene = healthy_scene();
  row.change(scene);
  system(scene.node);
  const auto findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, row.code, row.subject);
  return finding == nullptr || finding->result != kFail ? Finding() : *finding;
}

bool has(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

void expect_no_word(const std::string& command, std::initializer_list<const char*> words) {
  for (const char* word : words) {
    EXPECT_FALSE(has(command, word)) << word << " is in: " << command;
  }
}

TEST_P(EveryCheckCase, ItsCommandRunsAsPrinted) {
  const Finding finding = failing_on(GetParam(), [](Node& node) {
    node.cloud.facts.instance_id = "i-0abc";
    node.cloud.facts.region = "us-east-1";
  });
  if (finding.check == nullptr) return;
  expect_no_word(command_of(finding), {"INSTANCE_ID", "REGION", "{}", "systemctl edit", "lspci",
                                       "stop-instances", "terminate-instances", "hop-limit"});
}

TEST_P(EveryCheckCase, ItsCommandRunsOnBottlerocket) {
  const Finding finding = failing_on(GetParam(), [](Node& node) {
    node.kernel.facts.os = "Bottlerocket OS 1.50.0 (aws-k8s-1.34-nvidia)";
  });
  if (finding.check == nullptr) return;
  expect_no_word(command_of(finding),
                 {"sudo", "dkms", "lspci", "installer", "apt-get", "dnf", "/etc/modprobe.d/",
                  "/etc/sysctl.d/", "/etc/modules-load.d/"});
}

// The EFA installer has no driver for it.
TEST_P(EveryCheckCase, ItsCommandRunsOnSuse) {
  const Finding finding = failing_on(
      GetParam(), [](Node& node) { node.kernel.facts.os = "SUSE Linux Enterprise Server 15 SP6"; });
  if (finding.check == nullptr) return;
  expect_no_word(command_of(finding), {"efa_installer"});
  EXPECT_TRUE(!finding.check->takes_installer || has(finding.remedy_text(), "SUSE"));
}

// Its last one is 1.49.0.
TEST_P(EveryCheckCase, ItsInstallerIsOneForAmazonLinux2) {
  const Finding finding =
      failing_on(GetParam(), [](Node& node) { node.kernel.facts.os = "Amazon Linux 2"; });
  if (finding.check == nullptr) return;
  expect_no_word(command_of(finding), {"installer-latest"});
  EXPECT_TRUE(!finding.check->takes_installer || has(finding.remedy_text(), "1.49.0"));
}

// Nobody logs in there, and nobody changes the instance or its interfaces.
TEST_P(EveryCheckCase, ItsRemedyCanBeDoneInEksAutoMode) {
  const Finding finding = failing_on(GetParam(), [](Node& node) {
    node.kernel.facts.os = "Bottlerocket (EKS Auto, Standard) 2026.9.14 (aws-k8s-1.36-standard)";
    node.cloud.facts.instance_id = "i-0abc";
  });
  if (finding.check == nullptr) return;
  const std::string command = command_of(finding);
  EXPECT_TRUE(command.empty() || command.starts_with("aws ") || command.starts_with("kubectl "))
      << command;
  if (finding.check->actor == Actor::kJobOwner) return;
  expect_no_word(std::string(finding.remedy_text()),
                 {"Attach", "launch template", "stop and start", "nstaller", "Reserve", "odprobe",
                  "Bottlerocket's", "reboot"});
}

TEST_P(EveryCheckCase, InAContainerItsRemedyIsOfTheContainerOrSaysWhere) {
  const Finding finding =
      failing_on(GetParam(), [](Node& node) { node.limits.facts.container = "docker"; });
  if (finding.check == nullptr || !has(command_of(finding), "sudo")) return;
  EXPECT_TRUE(finding.remedy_text().starts_with("On the node, not in this container: "));
}

INSTANTIATE_TEST_SUITE_P(All, EveryCheckCase, testing::ValuesIn(all_cases()), [](const auto& row) {
  return name_of(row.param) + "_" + std::to_string(row.index);
});

TEST(EveryCheck, IsSilentOrPassesOnAHealthyNode) {
  const Scene scene = healthy_scene();
  for (const Finding& finding : judge_all(scene.node, scene.expectation)) {
    EXPECT_NE(finding.result, kFail) << finding.check->code << " " << finding.message;
    if (kNeverSeen.contains(std::string(finding.check->code))) continue;
    EXPECT_NE(finding.result, kUnknown) << finding.check->code << " " << finding.message;
  }
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
  EXPECT_EQ(diagnose(scene).summary, "4 of 4 EFA devices work");
}

// Layouts of groups, what was denied, templates, nodes that test each other: in words of their own.
bool has_tests_of_its_own(const Check& check) {
  const auto is_in = [&](const auto& checks) {
    return std::any_of(std::begin(checks), std::end(checks),
                       [&](const Check* one) { return one->code == check.code; });
  };
  return is_in(kAccountGroupChecks) || is_in(kAccountAccessChecks) ||
         is_in(kAccountTemplateChecks) || is_in(kPairChecks) || is_in(kMeshChecks);
}

TEST(EveryCheck, HasBothCases) {
  std::set<std::string> fails = kNeverFail;
  std::set<std::string> blind = kAlwaysSeen;
  blind.insert(kNeverSeen.begin(), kNeverSeen.end());
  for (const CheckCase& row : all_cases()) {
    EXPECT_NE(find_check(row.code), nullptr) << row.code;
    if (row.wanted == kFail) fails.insert(row.code);
    if (row.wanted == kUnknown || row.wanted == kNotApplicable) blind.insert(row.code);
  }
  for (const auto& cases : {account_exposure_cases(), account_instance_cases(),
                            account_launch_cases(), account_node_cases(), account_role_cases()}) {
    for (const AccountCase& row : cases) {
      EXPECT_NE(find_check(row.code), nullptr) << row.code;
      if (row.wanted == kFail) fails.insert(row.code);
      if (row.wanted == kUnknown) blind.insert(row.code);
    }
  }
  for (const Check* check : all_checks()) {
    if (has_tests_of_its_own(*check)) continue;
    EXPECT_TRUE(fails.contains(std::string(check->code)))
        << check->code << " has no case in which it fails";
    EXPECT_TRUE(blind.contains(std::string(check->code)))
        << check->code << " has no case in which it could not look";
  }
}

// On a healthy node of each kind, or in a case.
std::set<std::string> passing_checks() {
  std::set<std::string> passes;
  for (const auto& kind : {unchanged, add_gpus, add_grace_gpus, add_neuron}) {
    const Scene scene = scene_with(kind);
    for (const Finding& finding : judge_all(scene.node, scene.expectation)) {
      if (finding.result == kPass) passes.emplace(finding.check->code);
    }
  }
  for (const CheckCase& row : all_cases()) {
    if (row.wanted == kPass) passes.insert(row.code);
  }
  for (const auto& cases : {account_exposure_cases(), account_instance_cases(),
                            account_launch_cases(), account_node_cases(), account_role_cases()}) {
    for (const AccountCase& row : cases) {
      if (row.wanted == kPass) passes.insert(row.code);
    }
  }
  return passes;
}

TEST(EveryCheck, PassesSomewhere) {
  const std::set<std::string> passes = passing_checks();
  for (const Check* check : all_checks()) {
    if (has_tests_of_its_own(*check)) continue;
    const std::string code(check->code);
    const bool never =
        kAlwaysSeen.contains(code) || kNeverFail.contains(code) || kNeverPass.contains(code);
    EXPECT_NE(passes.contains(code), never)
        << code << (never ? " passes, and is said never to" : " has no case in which it passes");
  }
}

// "pci.none-found"
bool is_code(const std::string& code) {
  constexpr const char* kLetters = "abcdefghijklmnopqrstuvwxyz";
  const size_t dot = code.find_first_not_of(kLetters);
  return dot > 0 && dot < code.size() - 1 && code[dot] == '.' &&
         code.find_first_not_of(std::string(kLetters) + "0123456789-", dot + 1) ==
             std::string::npos;
}

TEST(Catalogue, EveryRowIsComplete) {
  for (const Check* check : all_checks()) {
    SCOPED_TRACE(std::string(check->code));
    EXPECT_TRUE(is_code(std::string(check->code)));
    for (const auto text : {check->title, check->meaning, check->seen_by, check->remedy}) {
      EXPECT_NE(text, "");
    }
  }
}

TEST(Catalogue, WhatEndsJobsSaysToDrainFirst) {
  for (const Check* check : all_checks()) {
    const std::string remedy = std::string(check->remedy);
    const std::string all = remedy + " " + std::string(check->command);
    for (const char* word : {"reboot", "stop and start", "unbind", "rebind it", "rebound",
                             "replace the instance", "restart"}) {
      if (!has(all, word)) continue;
      const bool says = has(remedy, "rain") || has(remedy, "which no process can hold");
      EXPECT_TRUE(says || has(remedy, "that holds the device")) << check->code << ": " << word;
    }
  }
}

TEST(Catalogue, NoCauseExplainsItself) {
  std::map<std::string, int> state;  // 1: on the way, 2: done
  const std::function<void(const std::string&)> visit = [&](const std::string& code) {
    EXPECT_NE(state[code], 1) << code << " is in a circle of causes";
    if (state[code] != 0) return;
    state[code] = 1;
    for (const std::string_view cause : find_check(code)->causes) visit(std::string(cause));
    state[code] = 2;
  };
  for (const Check* check : all_checks()) visit(std::string(check->code));
}

TEST(Catalogue, ARungIsLostByCriticalChecksOnly) {
  for (const Check* check : all_checks()) {
    if (check->rung != Rung::kNone) {
      EXPECT_EQ(check->severity, Severity::kCritical) << check->code;
    }
  }
}

}  // namespace
}  // namespace efa
