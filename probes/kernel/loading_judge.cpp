// Judges why a module efa that is there is not loaded: what keeps the kernel or modprobe from it.
// Said only where it is not loaded, or did not come to work.

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "probes/base/text.h"
#include "probes/judging/loaded_driver.h"
#include "probes/judging/node.h"
#include "probes/kernel/loading_checks.h"
#include "probes/kernel/version_judge.h"

namespace efa {
namespace {

void judge_disabled(const KernelFacts& facts, Findings& findings) {
  const Check& check = kKernelModulesDisabled;
  const bool disabled = facts.modules_disabled == true;
  const Evidence evidence{disabled ? "1" : "0", "0", "/proc/sys/kernel/modules_disabled"};
  if (!facts.modules_disabled) {
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
  if (!facts.ib_uverbs_installed) {
    findings.not_applicable(check, kNodeSubject, "was not looked for, or could not be");
  } else if (*facts.ib_uverbs_installed) {
    findings.pass(check, kNodeSubject, "the kernel has ib_uverbs", evidence);
  } else {
    findings.fail(check, kNodeSubject,
                  "no ib_uverbs for " + facts.release.value_or("the running kernel"), evidence);
  }
}

// What the kernel said of the module when it refused it last.
const LogMessage* refusal(const Node& node) {
  const LogMessage* last = nullptr;
  for (const LogMessage& message : node.log.facts.messages) {
    if (message.kind == kModuleRefused && message.text.starts_with("efa: ")) last = &message;
  }
  return last;
}

// "" where DKMS has none, or there is another stack to build against.
std::string build_command(const KernelFacts& facts) {
  const std::string newest = newest_of_dkms(facts);
  if (newest.empty() || facts.ofed) return "";
  return fmt::format(
      "sudo dkms build --force {0} -k \"$(uname -r)\" && sudo dkms install --force {0} -k "
      "\"$(uname -r)\" && sudo modprobe efa",
      newest);
}

void say_unread_log(const Check& check, const Node& node, Findings& findings) {
  if (node.live) {
    findings.unknown(check, kNodeSubject, "the kernel log was not read");
  } else {
    findings.not_applicable(check, kNodeSubject, "the sysroot holds no kernel log");
  }
}

void judge_symbols(const Node& node, Findings& findings) {
  const Check& check = kKernelDriverMismatch;
  if (const LogMessage* message = refusal(node)) {
    const std::string beside =
        node.kernel.facts.ofed ? "; MLNX_OFED lies beside the kernel's RDMA stack" : "";
    findings.fail(check, kNodeSubject, "the kernel refused it: " + message->text + beside,
                  {message->text, "no refusal", "kernel log"},
                  {build_command(node.kernel.facts), ""});
  } else if (node.log.facts.total) {
    findings.pass(check, kNodeSubject, "the kernel log has no word of a refusal",
                  {"none", "none", "kernel log"});
  } else {
    say_unread_log(check, node, findings);
  }
}

std::string why_unreadable(const Reading<ModuleFile>& file) {
  const Unseen* unseen = file.unreadable();
  return unseen == nullptr ? "the module's file was not found"
                           : fmt::format("{}: {}", unseen->what, unseen->reason);
}

void judge_signature(const KernelFacts& facts, Findings& findings) {
  const Check& check = kKernelDriverUnsigned;
  const std::string lockdown = facts.lockdown.value_or("none");
  const bool enforced = facts.signatures_enforced == true || lockdown != "none";
  const Reading<ModuleFile>& file = facts.module_on_disk;
  const Evidence evidence{
      fmt::format("lockdown {}, {}", lockdown, file ? "a file without signature" : "no file"),
      "a signature, or none demanded",
      "/sys/kernel/security/lockdown, module.sig_enforce, " + facts.module_file.value_or("efa.ko")};
  if (!enforced && !facts.lockdown && !facts.signatures_enforced) {
    findings.not_applicable(check, kNodeSubject, "whether signatures are demanded does not show");
  } else if (!enforced) {
    findings.pass(check, kNodeSubject, "the kernel demands no signature");
  } else if (!file) {
    findings.unknown(check, kNodeSubject, "signatures are demanded; " + why_unreadable(file));
  } else if (file->has_signature) {
    findings.pass(check, kNodeSubject, "the module's file has a signature");
  } else {
    findings.fail(check, kNodeSubject, "signatures are demanded, and the module's file has none",
                  evidence);
  }
}

// The line that says no: modprobe keeps what it was told last.
const std::string* refusing_line(const KernelFacts& facts) {
  if (facts.support_lines.empty() || facts.support_lines.back().ends_with(" 1")) return nullptr;
  return &facts.support_lines.back();
}

// A file of modprobe.d that may hold a later line; null when all were read.
const Unseen* unread_configuration(const KernelFacts& facts) {
  for (const Unseen& unseen : facts.unseen) {
    if (unseen.what.find("/modprobe.d") != std::string::npos) return &unseen;
  }
  return nullptr;
}

void judge_support(const KernelFacts& facts, Findings& findings) {
  const Check& check = kKernelDriverUnsupported;
  const std::string* line = refusing_line(facts);
  const Unseen* unread = unread_configuration(facts);
  const Reading<ModuleFile>& file = facts.module_on_disk;
  if (line == nullptr) {
    findings.not_applicable(check, kNodeSubject, "modprobe is not told to refuse such modules");
  } else if (!file || unread != nullptr) {
    const std::string why =
        file ? fmt::format("{}: {}", unread->what, unread->reason) : why_unreadable(file);
    findings.unknown(check, kNodeSubject,
                     fmt::format("refused where unsupported ({}); {}", *line, why));
  } else if (file->is_supported) {
    findings.pass(check, kNodeSubject, "SUSE or a partner supports the module");
  } else {
    findings.fail(check, kNodeSubject, "efa is not marked as supported, and " + *line,
                  {*line, "allow_unsupported_modules 1, or a supported module", "modprobe.d"});
  }
}

// Of efa_main.c: the module is loaded, a device is started, a device is given up.
bool tells_of_change(const LogMessage& message) {
  constexpr std::string_view kKinds[] = {"irq-set-up", "device-registered", "device-unregistered"};
  return message.text.starts_with("Elastic Fabric Adapter") || is_one_of(message.kind, kKinds);
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
  const std::string beside = facts.ofed ? ", beside MLNX_OFED" : "";
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

void judge_loading(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!expectation.expected || node.pci.facts.efa.empty()) return;  // there is nothing to drive
  const KernelFacts& facts = node.kernel.facts;
  if (facts.efa_loaded == true) judge_stuck(node, findings);
  if (facts.efa_loaded != false || facts.efa_builtin == true) return;
  judge_disabled(facts, findings);
  if (!facts.module_file) return;  // kernel.driver-not-installed
  judge_uverbs_file(facts, findings);
  judge_symbols(node, findings);
  judge_signature(facts, findings);
  judge_support(facts, findings);
}

}  // namespace efa
