// Judges which EFA software lies on disk. Only where EFA is expected and there.

#include <algorithm>

#include "probes/base/version.h"
#include "probes/judging/container_files.h"
#include "probes/judging/node.h"
#include "probes/judging/packages.h"
#include "probes/software/checks.h"
#include "probes/software/copies_judge.h"

namespace efa {
namespace {

// awsome-distributed-ai#203: the first whose libfabric leaves CUDA's memory as NCCL 2.19 has it
constexpr Bound kFirstForNccl{1, 29, 1};

void judge_installer(const Node& node, Findings& findings) {
  const Check& check = kSoftwareInstallerOld;
  const SoftwareFacts& facts = node.software.facts;
  const Evidence evidence{facts.installer_version.value_or(""), "1.29.1 or later",
                          "efa_installed_packages"};
  if (facts.installer_malformed) {
    findings.unknown(check, kNodeSubject, *facts.installer_malformed + " names no version",
                     evidence);
  } else if (!facts.installer_version && facts.installer_unseen) {
    findings.unknown(check, kNodeSubject,
                     facts.installer_unseen->what + ": " + facts.installer_unseen->reason,
                     evidence);
  } else if (!facts.installer_version) {
    findings.not_applicable(check, kNodeSubject, "the EFA installer has left no file");
  } else if (const auto version = parse_version(*facts.installer_version); !version) {
    findings.unknown(check, kNodeSubject, "its version is no number", evidence);
  } else if (node.gpu.facts.nvidia.empty() || is_at_least(*version, kFirstForNccl)) {
    findings.pass(check, kNodeSubject, "EFA installer " + *facts.installer_version, evidence);
  } else {
    findings.fail(check, kNodeSubject,
                  "EFA installer " + *facts.installer_version + " on a node with NVIDIA GPUs",
                  evidence);
  }
}

void judge_plugin(const Node& node, Findings& findings) {
  const Check& check = kSoftwareNcclPlugin;
  const SoftwareFacts& facts = node.software.facts;
  const auto& packages = facts.installer_packages;
  const auto named = std::find_if(packages.begin(), packages.end(), [](const std::string& name) {
    return name.starts_with("libnccl-ofi");
  });
  const std::string hidden = facts.hides_installer();
  if (!node.gpu.facts.nvidia.empty() && !hidden.empty()) {
    findings.unknown(check, kNodeSubject, "which plugin was installed could not be read: " + hidden,
                     {"", "", hidden});
  } else if (node.gpu.facts.nvidia.empty() || named == packages.end()) {
    findings.not_applicable(check, kNodeSubject, "no GPU, or the installer names no plugin");
  } else if (facts.ofi_nccl.empty()) {
    findings.fail(check, kNodeSubject, *named + " was installed, and no plugin lies in its place",
                  {"absent", *named, "/opt/amazon/ofi-nccl, /opt/aws-ofi-nccl"});
  } else {
    findings.pass(check, kNodeSubject, "the plugin is " + facts.ofi_nccl.front(),
                  {facts.ofi_nccl.front(), *named, "/opt/amazon/ofi-nccl, /opt/aws-ofi-nccl"});
  }
}

void judge_peermem_conf(const Node& node, Findings& findings) {
  const Check& check = kSoftwarePeermemConf;
  const auto& file = node.software.facts.nv_peermem_conf;
  const bool saw_bus = saw_all_of_pci(node);
  const Evidence evidence{file.value_or("absent"), "absent without a GPU",
                          "/etc/modules-load.d, /sys/bus/pci/devices"};
  const std::string remove_peermem =
      remove_command(node.kernel.facts.os.value_or(""), "efa-nv-peermem");
  if (has_files_of_container(node)) {
    findings.not_applicable(check, kNodeSubject, kFilesOfContainer);
  } else if (file && node.kernel.facts.nvidia_installed == false) {
    findings.fail(check, kNodeSubject, *file + " is there, and no module nvidia", evidence,
                  {remove_peermem, ""});
  } else if (file && !saw_bus) {
    findings.unknown(check, kNodeSubject, "whether there is a GPU could not be read", evidence);
  } else if (file && node.pci.facts.gpus.empty()) {
    findings.fail(check, kNodeSubject, *file + " on a node without a GPU", evidence,
                  {remove_peermem, ""});
  } else {
    findings.pass(check, kNodeSubject, file ? "there is a GPU for it" : "it is not installed",
                  evidence);
  }
}

}  // namespace

void judge_software(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!expectation.expected || node.pci.facts.efa.empty()) return;
  if (node.software.outcome.status != ProbeStatus::kOk) {
    for (const Check* check : kSoftwareChecks) {
      findings.unknown(*check, kNodeSubject, "the software on disk was not looked at");
    }
    return;
  }
  judge_installer(node, findings);
  judge_plugin(node, findings);
  judge_peermem_conf(node, findings);
  judge_copies(node.software.facts, findings);
}

}  // namespace efa
