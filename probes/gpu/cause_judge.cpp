// Judges what closes a way to the memory of NVIDIA's GPUs. Bounds of versions: versions.h.

#include "probes/gpu/cause_judge.h"

#include <utility>

#include "probes/gpu/checks.h"
#include "probes/gpu/mend.h"
#include "probes/gpu/path_judge.h"
#include "probes/gpu/plugin.h"
#include "probes/gpu/ways.h"
#include "probes/judging/packages.h"

namespace efa {
namespace {

constexpr const char* kVersionFile = "/proc/driver/nvidia/version";

std::string flavour_of(const GpuFacts& facts) {
  if (!facts.nvidia_open) return "unknown";
  return *facts.nvidia_open ? "open" : "proprietary";
}

bool was_logged(const Node& node, const char* kind) {
  return node.log.facts.accelerators.contains(kind);
}

std::string words_of_kernel(const GpuFacts& facts) {
  return "kernel " + facts.kernel_release.value_or("of an unknown release");
}

void judge_proprietary(const Node& node, Findings& findings) {
  const Check& check = kGpuProprietaryCutOff;
  const GpuFacts& facts = node.gpu.facts;
  const Evidence evidence{flavour_of(facts) + " modules, " + words_of_kernel(facts),
                          "open modules, or a provider in p2p", kVersionFile};
  if (facts.nvidia_open == true) {
    findings.pass(check, kNodeSubject, "NVIDIA's open kernel modules are loaded", evidence);
  } else if (!facts.nvidia_open) {
    findings.unknown(check, kNodeSubject, "the NVIDIA driver's flavour could not be read",
                     evidence);
  } else if (facts.p2p.unreadable() != nullptr) {
    findings.unknown(check, kNodeSubject, "the attribute p2p could not be read", evidence);
  } else if (!facts.p2p) {
    findings.not_applicable(check, kNodeSubject, "the loaded efa offers no P2P", evidence);
  } else if (!names_no_provider(facts.p2p)) {
    findings.pass(check, kNodeSubject, "efa reaches the proprietary driver", evidence);
  } else if (const auto cut = keeps_symbols_back(node); !cut) {
    findings.unknown(check, kNodeSubject,
                     "whether " + words_of_kernel(facts) + " cuts it off does not show", evidence);
  } else if (*cut) {
    findings.fail(check, kNodeSubject,
                  "the proprietary driver is loaded, and " + words_of_kernel(facts) +
                      " gives efa none of its symbols",
                  evidence, {open_modules_command(node.kernel.facts.os.value_or("")), ""});
  } else {
    findings.pass(check, kNodeSubject, words_of_kernel(facts) + " cuts nothing off", evidence);
  }
}

// P2P is the only way that is left, and NCCL's plugin demands one.
bool depends_on_p2p(const Node& node, const Expectation& expectation) {
  const GpuFacts& facts = node.gpu.facts;
  if (expectation.direct_memory != DirectMemory::kRequired) return false;
  const auto plugin = plugin_version(node.software.facts);
  return (plugin && leaves_out_dmabuf(*plugin, facts)) ||
         nvidia_dmabuf(facts, mapping_check(node, expectation)).way == Way::kClosed;
}

void judge_age(const Node& node, const Expectation& expectation, Findings& findings) {
  const Check& check = kGpuEfaTooOld;
  const GpuFacts& facts = node.gpu.facts;
  const std::string efa = facts.modules.efa.value_or("unknown");
  const std::string nvidia = facts.modules.nvidia.value_or("unknown");
  const Evidence evidence{"NVIDIA " + nvidia + ", efa " + efa,
                          "efa 2.17.3 or later with NVIDIA 580.65.06 or later",
                          "/sys/module/nvidia/version, /sys/module/efa/version"};
  if (is_kernels_own(facts.modules.efa)) {
    findings.not_applicable(check, kNodeSubject, "the kernel's own efa has no P2P", evidence);
    return;
  }
  const auto other = speaks_other_page_table(facts);
  if (!other) {
    findings.unknown(
        check, kNodeSubject,
        "whether efa " + efa + " knows the pages of NVIDIA " + nvidia + " does not show", evidence);
  } else if (*other) {
    const bool alone = depends_on_p2p(node, expectation);
    const Mend mend = pages_mend(node);
    JudgedCheck judged = weighed(row_of(check), alone ? Severity::kCritical : check.severity);
    if (!mend.by_lost_driver) judged.not_by = {kLostDriver};
    const std::string command = mend.by_lost_driver ? mend.command : kNewestInstaller;
    Finding old = make_finding(std::move(judged), FindingResult::kFail, kNodeSubject,
                               "efa " + efa + " does not know the pages of NVIDIA " + nvidia,
                               evidence, {command, "", "1.43.3"});  // has efa 2.17.3
    old.remedy = mend.remedy;
    findings.add(std::move(old));
  } else {
    findings.pass(check, kNodeSubject, "efa " + efa + " fits NVIDIA " + nvidia, evidence);
  }
}

// What is to be said of an open driver whose calls are not for GPL only.
void judge_needed_peermem(const Node& node, const Evidence& evidence, Findings& findings) {
  const Check& check = kGpuPeermemMissing;
  const GpuFacts& facts = node.gpu.facts;
  const auto efa = version_of(facts.modules.efa);
  const auto cut = keeps_symbols_back(node);
  if (facts.p2p.unreadable() != nullptr || facts.modules.efa_nv_peermem.unreadable() != nullptr) {
    findings.unknown(check, kNodeSubject, "p2p or the module could not be read", evidence);
  } else if (!facts.p2p || (efa && !is_at_least(*efa, kEfaProviders))) {
    findings.not_applicable(check, kNodeSubject, "the loaded efa does not use it", evidence);
  } else if (!names_no_provider(facts.p2p) || facts.modules.efa_nv_peermem) {
    findings.pass(check, kNodeSubject, "P2P is open, or the module is loaded", evidence);
  } else if (!cut || !efa) {
    findings.unknown(check, kNodeSubject,
                     "whether " + words_of_kernel(facts) + " makes it necessary does not show",
                     evidence);
  } else if (*cut) {
    findings.fail(check, kNodeSubject,
                  "NVIDIA " + *facts.modules.nvidia + " needs it on " + words_of_kernel(facts),
                  evidence, {"sudo modprobe efa_nv_peermem && cat " + attribute_path(facts), ""});
  } else {
    findings.pass(check, kNodeSubject, words_of_kernel(facts) + " does without it", evidence);
  }
}

void judge_peermem(const Node& node, Findings& findings) {
  const Check& check = kGpuPeermemMissing;
  const GpuFacts& facts = node.gpu.facts;
  const Evidence evidence{facts.modules.efa_nv_peermem ? "loaded" : "not loaded",
                          "loaded where it is needed", "/sys/module/efa_nv_peermem"};
  const auto nvidia = version_of(facts.modules.nvidia);
  const auto for_gpl = nvidia ? exports_for_gpl(*nvidia) : std::nullopt;
  if (!facts.nvidia_open) {
    findings.unknown(check, kNodeSubject, "the NVIDIA driver's flavour could not be read",
                     evidence);
  } else if (!*facts.nvidia_open) {
    findings.not_applicable(check, kNodeSubject, "it refuses the proprietary driver", evidence);
  } else if (!for_gpl) {
    findings.unknown(check, kNodeSubject, "whether this NVIDIA driver needs it is not known",
                     evidence);
  } else if (*for_gpl) {
    findings.pass(check, kNodeSubject, "NVIDIA " + *facts.modules.nvidia + " does not need it",
                  evidence);
  } else {
    judge_needed_peermem(node, evidence, findings);
  }
}

// "" for a driver that does not ask for the option.
std::string override_command(const GpuFacts& facts) {
  const auto nvidia = version_of(facts.modules.nvidia);
  const TopologyRule rule = nvidia ? topology_rule(*nvidia) : TopologyRule::kNotKnown;
  if (rule != TopologyRule::kAnyOverride && rule != TopologyRule::kOnlyOverride1) return "";
  return "printf 'options nvidia NVreg_GrdmaPciTopoCheckOverride=1\\n' | sudo tee "
         "/etc/modprobe.d/nvidia-grdma.conf && sudo reboot";
}

bool is_grace_type(const std::string& instance_type) {
  return instance_type.starts_with("p6e-gb200") || instance_type.starts_with("p6e-gb300");
}

}  // namespace

std::optional<bool> keeps_symbols_back(const Node& node) {
  if (was_logged(node, kSymbolsCutOff)) return true;
  const auto kernel = version_of(node.gpu.facts.kernel_release);
  return kernel ? cuts_plain_symbols(*kernel) : std::nullopt;
}

std::string open_modules_command(const std::string& os) {
  constexpr const char* kReboot = " && sudo reboot";
  const auto is = [&](const char* name) { return os.find(name) != std::string::npos; };
  const PackageTool tool = package_tool_of(os);
  if (tool == PackageTool::kApt) {
    return std::string("sudo apt-get install -y --autoremove --purge nvidia-open") +
           (is("Ubuntu") ? " nvidia-driver-open" : "") + kReboot;
  }
  if (tool != PackageTool::kDnf) return "";
  const bool red_hat = is("Red Hat") || is("Rocky") || is("AlmaLinux") || is("Oracle Linux");
  if (is("Fedora") || (red_hat && is(" 10"))) {
    return std::string("sudo dnf -y install --allowerasing kmod-nvidia-open-dkms") + kReboot;
  }
  if (is("Amazon Linux 2023") || red_hat) {
    return std::string("sudo dnf -y module switch-to nvidia-driver:open-dkms --allowerasing") +
           kReboot;
  }
  return "";
}

void judge_closed_p2p(const Node& node, const Expectation& expectation, Findings& findings) {
  judge_proprietary(node, findings);
  judge_age(node, expectation, findings);
  judge_peermem(node, findings);
}

std::optional<TopologyCheck> mapping_check(const Node& node, const Expectation& expectation) {
  const GpuFacts& facts = node.gpu.facts;
  if (!is_coherent(facts) && !is_grace_type(expectation.instance_type)) return std::nullopt;
  const TopologyCheck topology = topology_check(facts);
  const bool lifted = topology.passes == Passes::kYes && topology.by_option;
  if (!was_logged(node, kMappingRefused) || lifted) return topology;
  return TopologyCheck{Passes::kNo, "the driver has refused such a mapping since boot"};
}

void judge_refused_mapping(const Node& node, const TopologyCheck& mapping, Findings& findings) {
  const Check& check = kGpuGraceRefused;
  const Evidence evidence{mapping.why, "one IOMMU group, or the override",
                          "/proc/driver/nvidia/params, kernel log"};
  if (mapping.passes == Passes::kNotRead) {
    findings.unknown(check, kNodeSubject, mapping.why, evidence);
  } else if (mapping.passes == Passes::kNotKnown) {
    say_not_decidable(check, mapping.why, evidence, findings);
  } else if (mapping.passes == Passes::kNo) {
    findings.fail(check, kNodeSubject, mapping.why, evidence,
                  {override_command(node.gpu.facts), ""});
  } else {
    findings.pass(check, kNodeSubject, mapping.why, evidence);
  }
}

}  // namespace efa
