// Judges which efa is loaded beside those that lie on disk, which kernel is next, and what DKMS
// could not build.

#include "probes/kernel/version_judge.h"

#include <fmt/core.h>

#include <algorithm>

#include "probes/base/text.h"
#include "probes/judging/container_files.h"
#include "probes/judging/loaded_driver.h"
#include "probes/judging/probe_failure.h"
#include "probes/kernel/checks.h"

namespace efa {
namespace {

using Functions = std::vector<const PciFunction*>;

// Without a driver, though the one on disk knows them; not those that another driver is asked for,
// or that the loaded one gave up.
Functions unbound_functions(const Node& node) {
  Functions unbound;
  for (const PciFunction& function : node.pci.facts.efa) {
    const std::string other = function.driver_override.value_or("");
    const bool meant = (other.empty() || other == "efa") &&
                       disk_knows(node.kernel.facts, function.device) &&
                       !drives_one_of(node, function.device) &&
                       probe_failure(node.log.facts.messages, function.address) == nullptr;
    if (has_no_driver(function) && meant) unbound.push_back(&function);
  }
  return unbound;
}

void fail_stale(const Node& node, const Functions& unknown, Findings& findings) {
  const KernelFacts& facts = node.kernel.facts;
  const std::string& id = unknown.front()->device;
  const bool certain = loaded_knows(node, id) == false;
  findings.fail(
      kKernelDriverStale, kNodeSubject,
      fmt::format("loaded is {}, on disk {} that knows {}{}; {} EFA device{} without driver",
                  words_of_loaded(facts), words_on_disk(facts), id,
                  certain ? ", which the loaded one does not" : "", unknown.size(),
                  unknown.size() == 1 ? " is" : "s are"),
      {words_of_loaded(facts), words_on_disk(facts), "/sys/module/efa, modules.alias"},
      {reload_command(facts), ""});
}

// What differs from the loaded one where that costs no device its driver; "" when nothing does.
std::string difference(const Node& node) {
  const KernelFacts& facts = node.kernel.facts;
  if (is_loaded_from_disk(facts) == false) return "on disk is " + words_on_disk(facts);
  const auto named = newer_of_installer(node);
  if (!named) return "";
  const auto& [major, minor, patch] = named->numbers;
  return fmt::format("the EFA installer named efa {}.{}.{}", major, minor, patch);
}

// Said where no device lacks a driver for want of the one on disk.
void judge_difference(const Node& node, bool all_bound, Findings& findings) {
  const KernelFacts& facts = node.kernel.facts;
  const std::string other = all_bound ? difference(node) : "";
  const auto check = weighed(row_of(kKernelDriverStale), Severity::kInfo);
  const Evidence evidence{words_of_loaded(facts), words_on_disk(facts), "/sys/module/efa, DKMS"};
  if (!other.empty()) {
    findings.fail(check, kNodeSubject,
                  fmt::format("loaded is {}, and {}", words_of_loaded(facts), other), evidence,
                  {renew_command(node), ""});
  } else if (const auto same = is_loaded_from_disk(facts)) {
    findings.pass(check, kNodeSubject,
                  *same ? words_of_loaded(facts) + " is loaded, as on disk"
                        : "the loaded driver knows all devices that the one on disk knows",
                  evidence);
  } else {
    findings.not_applicable(check, kNodeSubject, "nothing tells which efa lies on disk", evidence);
  }
}

void judge_stale(const Node& node, Findings& findings) {
  const KernelFacts& facts = node.kernel.facts;
  if (facts.efa_loaded != true) return;
  if (has_files_of_container(node)) {
    findings.not_applicable(kKernelDriverStale, kNodeSubject, kFilesOfContainer);
    return;
  }
  Functions unknown = unbound_functions(node);
  const Unseen* unseen = facts.module_on_disk.unreadable();
  const bool blind = !unknown.empty() && !is_loaded_from_disk(facts) && unseen != nullptr;
  std::erase_if(unknown, [&](const PciFunction* function) {
    return loaded_knows(node, function->device) == true;
  });
  if (!unknown.empty()) {
    fail_stale(node, unknown, findings);
  } else if (const Unseen* hidden = facts.efa_version.unreadable();
             hidden != nullptr && !is_loaded_from_disk(facts)) {
    findings.unknown(
        kKernelDriverStale, kNodeSubject,
        fmt::format("which efa is loaded could not be read: {}: {}", hidden->what, hidden->reason));
  } else if (blind) {
    findings.unknown(kKernelDriverStale, kNodeSubject,
                     fmt::format("which efa lies on disk could not be read: {}: {}", unseen->what,
                                 unseen->reason));
  } else {
    const auto& all = node.pci.facts.efa;
    judge_difference(node, std::none_of(all.begin(), all.end(), has_no_driver), findings);
  }
}

// For DKMS's newest version; else the running kernel is to boot again.
std::string next_kernel_command(const KernelFacts& facts, const std::string& release) {
  const std::string newest = newest_of_dkms(facts);
  if (!newest.empty()) return fmt::format("sudo dkms install {} -k {}", newest, release);
  if (facts.next_kernel->told_by != "/boot/grub2/grubenv") return "";  // which grubby writes
  return "sudo grubby --set-default \"/boot/vmlinuz-$(uname -r)\"";
}

// The first id of a device that works here and that the next kernel's efa does not know; "" when it
// knows all, or depmod has not listed what it knows. An id that no efa here knows is
// pci.id-unknown.
std::string unknown_to_next(const Node& node) {
  const std::vector<std::string>& known = node.kernel.facts.next_kernel->known_device_ids;
  if (known.empty()) return "";
  for (const PciFunction& function : node.pci.facts.efa) {
    if (function.driver == "efa" && !is_one_of(function.device, known)) return function.device;
  }
  return "";
}

void judge_next_kernel(const Node& node, Findings& findings) {
  const Check& check = kKernelNextKernel;
  const KernelFacts& facts = node.kernel.facts;
  if (facts.boots_past_grub && !has_files_of_container(node)) {
    findings.unknown(
        check, kNodeSubject,
        *facts.boots_past_grub + " may boot a kernel past GRUB: which one is next was not read");
    return;
  }
  if (!facts.next_kernel || has_files_of_container(node)) {
    findings.not_applicable(
        check, kNodeSubject,
        facts.next_kernel ? kFilesOfContainer : "which kernel boots next does not show");
    return;
  }
  const NextKernel& next = *facts.next_kernel;
  const Evidence evidence{next.release, "a kernel with efa", next.told_by};
  if (next.release == facts.release) {
    findings.pass(check, kNodeSubject, "the running kernel boots next", evidence);
  } else if (!next.has_driver) {
    findings.unknown(check, kNodeSubject,
                     "which modules " + next.release + " has could not be read", evidence);
  } else if (const std::string id = unknown_to_next(node); *next.has_driver && !id.empty()) {
    findings.fail(check, kNodeSubject,
                  fmt::format("{} boots next ({}), and its efa does not know {}", next.release,
                              next.told_by, id),
                  {join(next.known_device_ids, ", "), id, "modules.alias of " + next.release},
                  {next_kernel_command(facts, next.release), ""});
  } else if (*next.has_driver) {
    findings.pass(check, kNodeSubject, next.release + " has efa", evidence);
  } else {
    findings.fail(check, kNodeSubject,
                  fmt::format("{} boots next ({}) and has no efa", next.release, next.told_by),
                  evidence, {next_kernel_command(facts, next.release), ""});
  }
}

// The driver has stopped its devices at a kexec since that version (RELEASENOTES.md).
void judge_kexec(const KernelFacts& facts, Findings& findings) {
  constexpr Bound kStopsDevices{2, 10, 0};
  const Check& check = kKernelKexecOldDriver;
  const auto version = facts.efa_version ? parse_version(*facts.efa_version) : std::nullopt;
  const Unseen* no_version = facts.efa_version.unreadable();
  const bool perhaps_old = version || no_version != nullptr;
  const bool ready = facts.kexec_loaded == true;
  const Unseen* unseen = ready ? no_version : facts.kexec_loaded.unreadable();
  if (facts.efa_loaded == true && perhaps_old && unseen != nullptr) {
    findings.unknown(check, kNodeSubject, fmt::format("{}: {}", unseen->what, unseen->reason));
    return;
  }
  if (facts.efa_loaded != true || !facts.kexec_loaded || !version) {
    findings.not_applicable(check, kNodeSubject,
                            "whether a kernel is ready, or the driver's version, does not show");
    return;
  }
  const Evidence evidence{words_of_loaded(facts), "efa 2.10 or later, or no kexec",
                          "/sys/kernel/kexec_loaded"};
  if (*facts.kexec_loaded && !is_at_least(*version, kStopsDevices)) {
    findings.fail(check, kNodeSubject, "a kernel is ready for kexec with " + words_of_loaded(facts),
                  evidence);
  } else {
    findings.pass(check, kNodeSubject,
                  *facts.kexec_loaded ? "the driver stops its devices at a kexec"
                                      : "no kernel is ready for kexec",
                  evidence);
  }
}

void judge_peermem_build(const Node& node, Findings& findings) {
  const Check& check = kKernelPeermemBuild;
  const KernelFacts& facts = node.kernel.facts;
  if (has_files_of_container(node)) {
    findings.not_applicable(check, kNodeSubject, kFilesOfContainer);
    return;
  }
  if (node.kernel.outcome.status != ProbeStatus::kOk || !facts.release) {
    findings.unknown(check, kNodeSubject, "the tree of DKMS could not be looked through");
    return;
  }
  for (const std::string& failed : facts.dkms_failed) {
    if (failed.starts_with("efa-nv-peermem/") && failed.ends_with(" for " + *facts.release)) {
      findings.fail(check, kNodeSubject, "not built: " + failed,
                    {failed, "built", "/var/lib/dkms/efa-nv-peermem"});
      return;
    }
  }
  findings.pass(check, kNodeSubject, "no build for the running kernel ended badly",
                {"none", "none", "/var/lib/dkms/efa-nv-peermem"});
}

}  // namespace

void judge_versions(const Node& node, Findings& findings) {
  judge_stale(node, findings);
  judge_next_kernel(node, findings);
  judge_kexec(node.kernel.facts, findings);
  judge_peermem_build(node, findings);
}

}  // namespace efa
