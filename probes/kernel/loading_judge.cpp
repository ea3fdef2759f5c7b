// Judges why a module efa that is there is not loaded: the kernel takes no more modules or has no
// ib_uverbs, or does not take efa's file (module_file_judge.cpp). Said only where efa is not
// loaded, or did not come to work.

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "probes/base/text.h"
#include "probes/judging/container_files.h"
#include "probes/judging/loaded_driver.h"
#include "probes/judging/node.h"
#include "probes/kernel/installed_judge.h"
#include "probes/kernel/loading_checks.h"
#include "probes/kernel/loading_judge.h"

namespace efa {
namespace {

// Of an image: systemd applies sysctl.d as soon as modules-load.d is done, and does not wait for
// the drivers that udev loads.
void judge_disabled_at_boot(const Node& node, Findings& findings) {
  const Check& check = kKernelModulesDisabled;
  const Reading<std::string>& by = node.kernel.facts.modules_disabled_by;
  const std::optional<bool>& loads = node.software.facts.efa_conf_modules_load;
  const std::string line = by.value_or("sysctl.d");
  const Evidence evidence{line, "efa in modules-load.d, or no such line",
                          "sysctl.d, modules-load.d"};
  if (const Unseen* unseen = by.unreadable()) {
    findings.unknown(check, kNodeSubject, fmt::format("{}: {}", unseen->what, unseen->reason));
  } else if (!loads) {
    findings.unknown(check, kNodeSubject, line + "; modules-load.d could not be read", evidence);
  } else if (*loads) {
    findings.pass(check, kNodeSubject, "modules-load.d has efa loaded before " + line, evidence);
  } else {
    findings.fail(check, kNodeSubject,
                  line + " at boot, and modules-load.d does not have efa loaded before", evidence);
  }
}

void judge_disabled(const Node& node, Findings& findings) {
  const Check& check = kKernelModulesDisabled;
  const KernelFacts& facts = node.kernel.facts;
  if (facts.modules_disabled_by || facts.modules_disabled_by.unreadable() != nullptr) {
    return judge_disabled_at_boot(node, findings);
  }
  const bool disabled = facts.modules_disabled == true;
  const Evidence evidence{disabled ? "1" : "0", "0", "/proc/sys/kernel/modules_disabled"};
  if (const Unseen* unseen = facts.modules_disabled.unreadable()) {
    findings.unknown(check, kNodeSubject, fmt::format("{}: {}", unseen->what, unseen->reason));
  } else if (!facts.modules_disabled) {
    findings.not_applicable(check, kNodeSubject, "the kernel does not show it");
  } else if (disabled) {
    findings.fail(check, kNodeSubject, "modules_disabled is 1 and efa is not loaded", evidence);
  } else {
    findings.pass(check, kNodeSubject, "the kernel takes modules", evidence);
  }
}

void judge_uverbs_file(const KernelFacts& facts, Findings& findings) {
  const Check& check = kKernelUverbsNotInstalled;
  const Evidence evidence{facts.ib_uverbs_installed == false ? "absent" : "present", "present",
                          "modules.dep and modules.builtin"};
  if (const Unseen* unseen = facts.ib_uverbs_installed.unreadable()) {
    findings.unknown(check, kNodeSubject, fmt::format("{}: {}", unseen->what, unseen->reason));
  } else if (!facts.ib_uverbs_installed) {
    findings.not_applicable(check, kNodeSubject, "was not looked for, or no index is there");
  } else if (*facts.ib_uverbs_installed) {
    findings.pass(check, kNodeSubject, "the kernel has ib_uverbs", evidence);
  } else {
    findings.fail(check, kNodeSubject,
                  "no ib_uverbs for " + facts.release.value_or("the running kernel"), evidence);
  }
}

// Of efa_main.c: the module is loaded, a device is started, a device is given up.
bool tells_of_change(const LogMessage& message) {
  return message.text.starts_with("Elastic Fabric Adapter") || message.kind == LogKind::kIrqSetUp ||
         message.kind == LogKind::kDeviceRegistered || message.kind == LogKind::kDeviceUnregistered;
}

// Its start and its end take a while: each device is started or given up in it.
bool is_changing(const Node& node) {
  constexpr int64_t kChangeSeconds = 60;
  const int64_t now_s = node.kernel.facts.uptime_s.value_or(INT64_MAX);
  const std::vector<LogMessage>& messages = node.log.facts.messages;
  return std::any_of(messages.begin(), messages.end(), [&](const LogMessage& message) {
    const auto said_s = static_cast<int64_t>(message.usec / 1'000'000);
    return tells_of_change(message) && now_s - said_s < kChangeSeconds;
  });
}

void judge_stuck(const Node& node, Findings& findings) {
  const Check& check = kKernelDriverStuck;
  const KernelFacts& facts = node.kernel.facts;
  const auto& functions = node.pci.facts.efa;
  const bool all_bound = std::none_of(functions.begin(), functions.end(), has_no_driver);
  if (facts.efa_state.value_or("live") == "live" || all_bound) return;
  const Evidence evidence{*facts.efa_state, "live", "/sys/module/efa/initstate"};
  const bool another_stack = facts.ofed && !has_files_of_container(node);
  const std::string beside = another_stack ? ", beside MLNX_OFED" : "";
  if (!node.log.facts.total) {  // it may have begun just now
    say_unread_log(check, node, findings);
  } else if (is_changing(node)) {
    findings.unknown(
        check, kNodeSubject,
        facts.efa_state == "going" ? "the driver is being unloaded" : "the driver is being loaded",
        evidence);
  } else {
    findings.fail(check, kNodeSubject,
                  fmt::format("module efa is stuck: {}{}", *facts.efa_state, beside), evidence);
  }
}

}  // namespace

void say_unread_log(const Check& check, const Node& node, Findings& findings) {
  if (node.log.facts.lost_oldest) {
    findings.unknown(check, kNodeSubject, "the kernel log has lost its oldest lines");
  } else if (node.live) {
    findings.unknown(check, kNodeSubject, "the kernel log was not read");
  } else {
    findings.not_applicable(check, kNodeSubject, "the sysroot holds no kernel log");
  }
}

void judge_loading(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!expectation.expected || node.pci.facts.efa.empty()) return;  // there is nothing to drive
  const KernelFacts& facts = node.kernel.facts;
  if (facts.efa_loaded == true) judge_stuck(node, findings);
  if (facts.efa_loaded != false || facts.efa_builtin == true || bound_to_efa(node) > 0) return;
  judge_disabled(node, findings);
  if (has_files_of_container(node)) return;  // where the node's modules do not show
  if (!has_module_to_load(facts)) return;    // kernel.driver-not-installed
  judge_uverbs_file(facts, findings);
  judge_module_file(node, findings);
}

}  // namespace efa
