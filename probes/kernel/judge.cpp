// Judges what probe-kernel saw: is the efa driver there, loaded, allowed, and in good company.

#include <fmt/core.h>

#include <algorithm>

#include "probes/base/text.h"
#include "probes/base/unseen.h"
#include "probes/judging/container_files.h"
#include "probes/judging/loaded_driver.h"
#include "probes/judging/node.h"
#include "probes/kernel/checks.h"
#include "probes/kernel/installed_judge.h"
#include "probes/kernel/unblock.h"
#include "probes/kernel/version_judge.h"

namespace efa {
namespace {

// The kernel's newest words of why it did not load efa, at whatever level it said them.
const LogMessage* load_failure(const Node& node) {
  const LogMessage* newest = nullptr;
  for (const LogMessage& message : node.log.facts.messages) {
    const bool of_another = message.text.starts_with("efa_nv_peermem");
    const bool refused =
        message.kind == LogKind::kLoadFailed || message.kind == LogKind::kModuleRefused;
    if (!refused || of_another) continue;
    if (newest == nullptr || !tells_less(message, *newest)) newest = &message;
  }
  return newest;
}

void judge_loaded(const Node& node, Findings& findings) {
  const KernelFacts& facts = node.kernel.facts;
  const size_t bound = bound_to_efa(node);
  const Evidence evidence{facts.efa_loaded == true ? "loaded" : "absent", "loaded",
                          "/sys/module/efa"};
  if (facts.efa_loaded != true && bound > 0) {
    findings.pass(
        kKernelDriverNotLoaded, kNodeSubject,
        fmt::format("efa is {}: it drives {} function{}", facts.efa_loaded ? "built in" : "loaded",
                    bound, bound == 1 ? "" : "s"),
        {"bound", "loaded", "/sys/bus/pci/devices/*/driver"});
  } else if (!facts.efa_loaded) {
    findings.unknown(kKernelDriverNotLoaded, kNodeSubject, "could not be read", evidence);
  } else if (*facts.efa_loaded || facts.efa_builtin == true) {
    const std::string version = facts.efa_version ? " " + *facts.efa_version : "";
    findings.pass(kKernelDriverNotLoaded, kNodeSubject, fmt::format("efa{} is loaded", version),
                  evidence);
  } else if (const LogMessage* failure = load_failure(node)) {
    findings.fail(kKernelDriverNotLoaded, kNodeSubject,
                  "module efa is not loaded: " + failure->text,
                  {failure->text, "loaded", "/sys/module/efa, /dev/kmsg"});
  } else {
    findings.fail(kKernelDriverNotLoaded, kNodeSubject, "module efa is not loaded", evidence);
  }
}

void judge_blocked(const Node& node, Findings& findings) {
  const Check& check = kKernelDriverBlocked;
  const KernelFacts& facts = node.kernel.facts;
  const bool runs = facts.efa_loaded == true || facts.efa_builtin == true || bound_to_efa(node) > 0;
  if (runs) return;
  const std::vector<std::string> all = lines_of_node(node, all_that_keeps_out(facts));
  const Evidence evidence{all.empty() ? "none" : join(all, "; "), "no such line",
                          "modprobe.d and /proc/cmdline"};
  const Unseen* unseen = facts.blacklisted_by.unreadable();
  if (!all.empty()) {
    findings.fail(check, kNodeSubject, "kept out by " + words_of_what_keeps_out(all), evidence,
                  {unblock_command(all), ""});
  } else if (has_files_of_container(node)) {
    findings.unknown(check, kNodeSubject, kFilesOfContainer, evidence);
  } else if (unseen != nullptr || node.kernel.outcome.status != ProbeStatus::kOk) {
    findings.unknown(check, kNodeSubject,
                     (unseen != nullptr ? unseen->what : "modprobe.d") + " could not be read");
  } else {
    findings.pass(check, kNodeSubject,
                  "no line of modprobe.d and no argument of the kernel's command line keeps it out",
                  evidence);
  }
}

// A module that is built in shows in /sys/module only when it has parameters; this one has none.
bool any_uverbs(const Node& node) {
  const std::vector<RdmaDevice>& devices = node.rdma.facts.devices;
  return std::any_of(devices.begin(), devices.end(),
                     [](const RdmaDevice& device) { return device.uverbs.has_value(); });
}

void judge_uverbs(const Node& node, Findings& findings) {
  const KernelFacts& facts = node.kernel.facts;
  const Evidence evidence{facts.ib_uverbs_loaded == true ? "loaded" : "absent", "loaded",
                          "/sys/module/ib_uverbs"};
  if (facts.ib_uverbs_loaded != true && any_uverbs(node)) {
    findings.pass(kKernelUverbsNotLoaded, kNodeSubject,
                  facts.ib_uverbs_loaded ? "ib_uverbs is built in" : "ib_uverbs has made devices",
                  evidence);
  } else if (!facts.ib_uverbs_loaded) {
    findings.unknown(kKernelUverbsNotLoaded, kNodeSubject, "could not be read", evidence);
  } else if (*facts.ib_uverbs_loaded) {
    findings.pass(kKernelUverbsNotLoaded, kNodeSubject, "ib_uverbs is loaded", evidence);
  } else {
    findings.fail(kKernelUverbsNotLoaded, kNodeSubject, "ib_uverbs is not loaded", evidence);
  }
}

void judge_namespaces(const Node& node, Findings& findings) {
  const Check& check = kKernelRdmaNetnsExclusive;
  const Reading<bool>& shared = node.kernel.facts.rdma_netns_shared;
  const Evidence evidence{shared == true ? "Y" : "N", "Y",
                          "/sys/module/ib_core/parameters/netns_mode"};
  if (shared == true) {
    findings.pass(check, kNodeSubject, "RDMA namespaces are shared", evidence);
  } else if (shared == false) {
    findings.fail(check, kNodeSubject, "RDMA namespaces are exclusive", evidence);
  } else if (node.kernel.outcome.status == ProbeStatus::kOk && shared.unreadable() == nullptr) {
    findings.not_applicable(check, kNodeSubject, "the kernel shows no mode of RDMA namespaces");
  } else if (const Unseen* unseen = shared.unreadable()) {
    findings.unknown(check, kNodeSubject, fmt::format("{}: {}", unseen->what, unseen->reason));
  } else {
    findings.unknown(check, kNodeSubject, "could not be read");
  }
}

void judge_ofed(const Node& node, Findings& findings) {
  const Check& check = kKernelOtherRdmaStack;
  const Reading<std::string>& ofed = node.kernel.facts.ofed;
  const Evidence evidence{ofed.value_or("none"), "none", "/usr/src/ofa_kernel, modules.dep"};
  if (has_files_of_container(node)) {
    findings.not_applicable(check, kNodeSubject, kFilesOfContainer);
  } else if (ofed) {
    findings.fail(check, kNodeSubject, "found " + *ofed, evidence);
  } else if (node.kernel.outcome.status == ProbeStatus::kOk && ofed.unreadable() == nullptr) {
    findings.pass(check, kNodeSubject, "none was found", evidence);
  } else {
    findings.unknown(check, kNodeSubject, "could not be looked for");
  }
}

}  // namespace

void judge_kernel(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!expectation.expected || node.pci.facts.efa.empty()) return;  // there is nothing to drive
  judge_installed(node, findings);
  judge_loaded(node, findings);
  judge_blocked(node, findings);
  judge_uverbs(node, findings);
  judge_namespaces(node, findings);
  judge_ofed(node, findings);
  judge_versions(node, findings);
}

}  // namespace efa
