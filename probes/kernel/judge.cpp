// Judges what probe-kernel saw: is the efa driver there, loaded, allowed, and in good company.

#include <fmt/core.h>

#include <algorithm>

#include "probes/base/text.h"
#include "probes/base/unseen.h"
#include "probes/judging/node.h"
#include "probes/kernel/checks.h"
#include "probes/kernel/version_judge.h"

namespace efa {
namespace {

// "; DKMS could not build efa/3.1.0: /var/lib/dkms/efa/3.1.0/build/make.log"
std::string words_of_failed_build(const KernelFacts& facts) {
  for (const std::string& failed : facts.dkms_failed) {
    const std::string module = failed.substr(0, failed.find(' '));
    if (!module.starts_with("efa/") || failed != module + " for " + facts.release.value_or("")) {
      continue;
    }
    return fmt::format("; DKMS could not build {0}: /var/lib/dkms/{0}/build/make.log", module);
  }
  return "";
}

// A DKMS that knows efa builds it for this kernel; else the installer brings it.
std::string install_command(const KernelFacts& facts) {
  const bool known = std::any_of(facts.dkms.begin(), facts.dkms.end(),
                                 [](const std::string& one) { return one.starts_with("efa/"); });
  return known ? "sudo dkms autoinstall -k \"$(uname -r)\" && sudo modprobe efa" : kNewestInstaller;
}

// Of "/etc/modprobe.d/x.conf: blacklist efa": the line becomes a comment. A blacklist of the
// kernel's command line holds back udev alone, module_blacklist= all.
std::string unblock_command(const std::string& blocked_by) {
  if (blocked_by.starts_with("/proc/cmdline: modprobe.blacklist=")) return "sudo modprobe efa";
  const size_t colon = blocked_by.find(": ");
  const std::string file = blocked_by.substr(0, colon);
  const std::vector<std::string> line =
      words(colon == std::string::npos ? "" : blocked_by.substr(colon + 2));
  if (!file.ends_with(".conf") || !is_made_of(file, "/._-")) return "";
  if (line.size() < 2 || !is_made_of(line[1], "_")) return "";
  return fmt::format(
      "sudo sed -i -E 's/^[[:space:]]*(blacklist|install)[[:space:]]+{}([[:space:]]|$)/# &/' "
      "{} && sudo modprobe efa",
      line[1], file);
}

// Where a container or a hardened host shows no modules, what is bound does.
size_t bound_to_efa(const Node& node) {
  const std::vector<PciFunction>& functions = node.pci.facts.efa;
  return static_cast<size_t>(
      std::count_if(functions.begin(), functions.end(),
                    [](const PciFunction& function) { return function.driver == "efa"; }));
}

void judge_installed(const Node& node, Findings& findings) {
  const KernelFacts& facts = node.kernel.facts;
  const bool present = facts.efa_loaded == true || facts.efa_builtin == true ||
                       facts.module_file.has_value() || bound_to_efa(node) > 0;
  const std::string release = facts.release.value_or("the running kernel");
  if (present) {
    findings.pass(kKernelDriverNotInstalled, kNodeSubject, "efa is there for " + release,
                  {facts.module_file.value_or("loaded"), "efa", "modules.dep"});
  } else if (facts.module_index_readable == true) {
    findings.fail(kKernelDriverNotInstalled, kNodeSubject,
                  "no module efa for " + release + words_of_failed_build(facts),
                  {"absent", "efa", "modules.dep and modules.builtin of " + release},
                  {install_command(facts), ""});
  } else {
    findings.unknown(kKernelDriverNotInstalled, kNodeSubject,
                     fmt::format("which modules {} has could not be read", release));
  }
}

// The kernel's newest words of why it did not load efa, at whatever level it said them.
const LogMessage* load_failure(const Node& node) {
  const LogMessage* newest = nullptr;
  for (const LogMessage& message : node.log.facts.messages) {
    const bool of_another = message.text.starts_with("efa_nv_peermem");
    const bool refused = message.kind == kLoadFailed || message.kind == kModuleRefused;
    if (refused && !of_another) newest = &message;
  }
  return newest;
}

void judge_loaded(const Node& node, Findings& findings) {
  const KernelFacts& facts = node.kernel.facts;
  const size_t bound = bound_to_efa(node);
  const Evidence evidence{facts.efa_loaded == true ? "loaded" : "absent", "loaded",
                          "/sys/module/efa"};
  if (!facts.efa_loaded && bound > 0) {
    findings.pass(
        kKernelDriverNotLoaded, kNodeSubject,
        fmt::format("efa is loaded: it drives {} function{}", bound, bound == 1 ? "" : "s"),
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
  if (facts.efa_loaded == true) return;
  const Evidence evidence{facts.blacklisted_by.value_or("none"), "no such line",
                          "modprobe.d and /proc/cmdline"};
  const Unseen* unseen = facts.blacklisted_by.unreadable();
  if (facts.blacklisted_by) {
    findings.fail(check, kNodeSubject, "kept out by " + *facts.blacklisted_by, evidence,
                  {unblock_command(*facts.blacklisted_by), ""});
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
  } else {
    findings.unknown(check, kNodeSubject, "could not be read");
  }
}

void judge_ofed(const Node& node, Findings& findings) {
  const Check& check = kKernelOtherRdmaStack;
  const Reading<std::string>& ofed = node.kernel.facts.ofed;
  const Evidence evidence{ofed.value_or("none"), "none", "/usr/src/ofa_kernel"};
  if (ofed) {
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
