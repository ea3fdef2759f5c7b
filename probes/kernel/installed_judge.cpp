// Judges whether modprobe can find an efa for the running kernel: its modules are there, an index
// names one, and what it names is a module. Where efa drives a device that is beside the point.

#include "probes/kernel/installed_judge.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "probes/judging/container_files.h"
#include "probes/judging/installer.h"
#include "probes/judging/loaded_driver.h"
#include "probes/kernel/checks.h"
#include "probes/kernel/module_file.h"

namespace efa {
namespace {

constexpr const char* kList = "sudo depmod -a && sudo modprobe efa";
constexpr const char* kHowToList =
    "Have depmod list it, and load it. A package or a script that puts modules in place must end "
    "with depmod.";
constexpr const char* kHowToReboot =
    "Drain the node and reboot it into a kernel that has its modules. In the image, remove no "
    "kernel that still runs.";

// Why modprobe finds none, and what is to be done.
struct Lack {
  std::string why;
  Evidence evidence;
  std::string command;
  std::string remedy = {};  // where that of the check does not apply
};

std::string release_of(const KernelFacts& facts) {
  return facts.release.value_or("the running kernel");
}

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

// What DKMS has built for this kernel it puts in place again only when it is forced to: autoinstall
// takes it for installed, and ends well without depmod. Where it knows efa it builds it; else the
// installer brings it.
std::string install_command(const KernelFacts& facts) {
  const std::string built = newest_built_by_dkms(facts);
  if (!built.empty()) {
    return fmt::format("sudo dkms install --force {} -k \"$(uname -r)\" && sudo modprobe efa",
                       built);
  }
  const bool known = std::any_of(facts.dkms.begin(), facts.dkms.end(),
                                 [](const std::string& one) { return one.starts_with("efa/"); });
  return known ? "sudo dkms autoinstall -k \"$(uname -r)\" && sudo modprobe efa" : kNewestInstaller;
}

// A container may have modules of its own, of other kernels.
bool may_be_in_container(const Node& node) {
  return node.limits.facts.container || node.limits.outcome.status != ProbeStatus::kOk;
}

Lack without_modules(const KernelFacts& facts) {
  const std::string folder = "/lib/modules/" + release_of(facts);
  return {fmt::format("the running kernel's modules were removed: {} has none, other kernels have "
                      "theirs",
                      folder),
          {"absent", "the modules of the kernel that runs", folder},
          "sudo reboot",
          kHowToReboot};
}

Lack without_index(const KernelFacts& facts) {
  const std::string index = "/lib/modules/" + release_of(facts) + "/modules.dep";
  const std::optional<std::string>& file = facts.unlisted_file;
  return {fmt::format("depmod has not run for {}: modules.dep is not there{}", release_of(facts),
                      file ? ", " + *file + " is" : ""),
          {"absent", "a list of the kernel's modules", index},
          file ? kList : install_command(facts),
          file ? kHowToList : ""};
}

Lack unlisted(const KernelFacts& facts) {
  const std::string& file = *facts.unlisted_file;
  const std::string named =
      facts.module_file
          ? fmt::format("modules.dep names {}, which is not there", *facts.module_file)
          : "depmod has not listed it";
  return {fmt::format("{} lies there for {}, and {}", file, release_of(facts), named),
          {file + ", not listed", "listed", "modules.dep of " + release_of(facts)},
          kList,
          kHowToList};
}

Lack without_file(const KernelFacts& facts) {
  const Unseen& unseen = *facts.module_on_disk.unreadable();
  const bool gone = is_not_there(facts.module_on_disk);
  return {fmt::format("modules.dep names {}, which {}", *facts.module_file,
                      gone ? "is not there" : "is no module: it " + unseen.reason),
          {gone ? "absent" : "no module", "a module", unseen.what},
          install_command(facts)};
}

// Nothing where there is one, or the index could not be read.
std::optional<Lack> lack_of(const Node& node) {
  const KernelFacts& facts = node.kernel.facts;
  if (facts.modules_removed && !may_be_in_container(node)) return without_modules(facts);
  if (facts.module_index_missing) return without_index(facts);
  if (facts.module_index_readable != true || has_module_to_load(facts)) return std::nullopt;
  if (facts.unlisted_file) return unlisted(facts);
  if (facts.module_file) return without_file(facts);
  return Lack{"no module efa for " + release_of(facts) + words_of_failed_build(facts),
              {"absent", "efa", "modules.dep and modules.builtin of " + release_of(facts)},
              install_command(facts)};
}

}  // namespace

bool has_module_to_load(const KernelFacts& facts) {
  return facts.module_file && !is_not_there(facts.module_on_disk) &&
         !is_no_module(facts.module_on_disk);
}

void judge_installed(const Node& node, Findings& findings) {
  const Check& check = kKernelDriverNotInstalled;
  const KernelFacts& facts = node.kernel.facts;
  const bool runs = facts.efa_loaded == true || bound_to_efa(node) > 0;
  if (!runs && has_files_of_container(node)) {
    findings.unknown(check, kNodeSubject, kFilesOfContainer);
  } else if (runs || facts.efa_builtin == true || has_module_to_load(facts)) {
    findings.pass(check, kNodeSubject, "efa is there for " + release_of(facts),
                  {facts.module_file.value_or("loaded"), "efa", "modules.dep"});
  } else if (const auto lack = lack_of(node)) {
    Finding finding = make_finding(check, FindingResult::kFail, kNodeSubject, lack->why,
                                   lack->evidence, {lack->command, ""});
    finding.remedy = lack->remedy;
    findings.add(std::move(finding));
  } else {
    findings.unknown(check, kNodeSubject,
                     fmt::format("which modules {} has could not be read", release_of(facts)));
  }
}

}  // namespace efa
