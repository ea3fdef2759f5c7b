// Judges what probe-gpu saw, on a node with EFA devices and with accelerators that their own driver
// has. One that a virtual machine holds (vfio-pci) is not this system's.

#include <algorithm>
#include <utility>

#include "probes/gpu/checks.h"
#include "probes/gpu/container.h"
#include "probes/gpu/fabric_judge.h"
#include "probes/gpu/locality_judge.h"
#include "probes/gpu/modules_judge.h"
#include "probes/gpu/path_judge.h"
#include "probes/gpu/plugin.h"
#include "probes/gpu/ways.h"
#include "probes/judging/node.h"
#include "probes/judging/packages.h"

namespace efa {
namespace {

constexpr const char* kParams = "/proc/driver/nvidia/params";

// Else what keeps efa from the devices is told, and there is no way to judge.
bool has_driven_efa(const Node& node) {
  return std::any_of(node.pci.facts.efa.begin(), node.pci.facts.efa.end(),
                     [](const PciFunction& function) { return function.driver == "efa"; });
}

bool any_has_driver(const std::vector<Accelerator>& accelerators, const char* driver) {
  return std::any_of(accelerators.begin(), accelerators.end(),
                     [&](const Accelerator& one) { return one.driver == driver; });
}

bool any_hides_driver(const std::vector<Accelerator>& accelerators) {
  return std::any_of(accelerators.begin(), accelerators.end(),
                     [](const Accelerator& one) { return one.driver.unreadable() != nullptr; });
}

bool is_unbound(const Accelerator& accelerator) {
  return !accelerator.driver && accelerator.driver.unreadable() == nullptr;
}

void judge_denied(const Node& node, const Expectation& expectation, Findings& findings) {
  const Check& check = kGpuAccessDenied;
  const GpuFacts& facts = node.gpu.facts;
  if (!node.live && !facts.parameters && facts.parameters.unreadable() == nullptr) {
    findings.not_applicable(check, kNodeSubject, "the sysroot has no such file", {"", "", kParams});
    return;
  }
  if (!facts.parameters) {
    say_weighed(check, FindingResult::kUnknown, "the NVIDIA driver's parameters could not be read",
                {"", "not 2", kParams}, expectation, findings);
    return;
  }
  const auto is = facts.parameters->topology_override;
  const Evidence evidence{is ? std::to_string(*is) : "no such line", "not 2", kParams};
  const auto denies = denies_by_option(facts);
  if (!denies) {
    findings.unknown(check, kNodeSubject, "the NVIDIA driver's version could not be read",
                     evidence);
  } else if (*denies) {
    findings.fail(check, kNodeSubject, "GrdmaPciTopoCheckOverride is 2", evidence);
  } else {
    findings.pass(check, kNodeSubject, "no option denies it", evidence);
  }
}

void judge_claimed(const Node& node, const Accelerator& gpu, Findings& findings) {
  const Check& check = kGpuNotClaimed;
  const std::string subject = gpu.address.to_text();
  const Reading<std::vector<PciAddress>>& claimed = node.gpu.facts.claimed;
  const std::string folder = "/proc/driver/nvidia/gpus/" + subject;
  if (gpu.driver.unreadable() != nullptr) {
    findings.unknown(check, subject, "its driver could not be read", {"", "nvidia", folder});
    return;
  }
  if (gpu.driver && *gpu.driver != "nvidia") return;  // given away
  if (!claimed) {
    findings.unknown(check, subject, "which GPUs the driver has could not be read",
                     {"", "a folder", folder});
  } else if (std::find(claimed->begin(), claimed->end(), gpu.address) != claimed->end()) {
    findings.pass(check, subject, "the NVIDIA driver has it", {"a folder", "a folder", folder});
  } else if (may_be_container(node)) {
    findings.unknown(check, subject, "a container may not show it", {"none", "a folder", folder});
  } else {
    const bool refused = node.log.facts.accelerators.contains(kGpuNotSupported);
    findings.fail(check, subject,
                  refused ? "the NVIDIA driver has not taken it: by the kernel log this flavour or "
                            "release of it does not support a GPU of this node"
                          : "the NVIDIA driver has not taken it",
                  {"none", "a folder", folder});
  }
}

void judge_unidentified(const GpuFacts& facts, Findings& findings) {
  for (const UnidentifiedFunction& function : facts.unidentified) {
    const std::string subject = function.address.to_text();
    findings.unknown(kGpuNotClaimed, subject,
                     function.unseen.what + ": " + function.unseen.reason + ": it may be a GPU",
                     {"", "nvidia", "/proc/driver/nvidia/gpus/" + subject});
  }
}

void judge_all_claimed(const Node& node, Findings& findings) {
  for (const Accelerator& gpu : node.gpu.facts.nvidia) judge_claimed(node, gpu, findings);
}

// One program may have brought libraries of its own, and what was said of it stays in the log.
enum class Refused { kNever, kLately, kEarlier };

Refused when_refused(const Node& node, int64_t now_ms) {
  constexpr int64_t kLatelyMs = 3'600'000;
  const auto logged = node.log.facts.accelerators.find(kApiMismatch);
  if (logged == node.log.facts.accelerators.end()) return Refused::kNever;
  // of a sysroot's log it is not known when it was read
  const bool late = !node.live || now_ms - static_cast<int64_t>(logged->second / 1000) < kLatelyMs;
  return late ? Refused::kLately : Refused::kEarlier;
}

bool is_no_version(const Reading<std::string>& module) {
  return module && !module->empty() && !version_of(module);
}

// "" where nothing shows it.
std::string why_versions_differ(const Node& node, Refused refused) {
  const AcceleratorModules& modules = node.gpu.facts.modules;
  const auto& on_disk = node.gpu.facts.nvidia_on_disk;
  if (refused == Refused::kLately) {
    return "a program's NVIDIA libraries do not fit the module";
  }
  if (!version_of(modules.nvidia)) return "";
  if (version_of(modules.nvidia_uvm) && *modules.nvidia != *modules.nvidia_uvm) {
    return "nvidia and nvidia_uvm are of different versions";
  }
  if (!on_disk || *on_disk == *modules.nvidia || may_be_container(node)) return "";
  return "NVIDIA " + *modules.nvidia + " is loaded, and " + *on_disk + " installed";
}

void judge_user_space(const Node& node, int64_t now_ms, Findings& findings) {
  const Check& check = kGpuUserSpaceDiffers;
  const AcceleratorModules& modules = node.gpu.facts.modules;
  const Evidence evidence{"nvidia " + modules.nvidia.value_or("unknown") + ", nvidia_uvm " +
                              modules.nvidia_uvm.value_or("not loaded") + ", on disk " +
                              node.gpu.facts.nvidia_on_disk.value_or("unknown"),
                          "one version",
                          "/sys/module/nvidia/version, /sys/module/nvidia_uvm/version, "
                          "/var/lib/dkms/nvidia, kernel log"};
  const Refused refused = when_refused(node, now_ms);
  if (const std::string why = why_versions_differ(node, refused); !why.empty()) {
    findings.fail(check, kNodeSubject, why, evidence);
  } else if (!modules.nvidia || modules.nvidia_uvm.unreadable() != nullptr ||
             is_no_version(modules.nvidia) || is_no_version(modules.nvidia_uvm)) {
    findings.unknown(check, kNodeSubject, "the versions of the modules could not be read",
                     evidence);
  } else if (refused == Refused::kEarlier) {
    findings.unknown(check, kNodeSubject,
                     "a program's NVIDIA libraries did not fit the module more than an hour ago; "
                     "whether that is mended does not show",
                     evidence);
  } else {
    findings.pass(check, kNodeSubject, "no sign of different versions", evidence);
  }
}

enum class Module { kThere, kMissing, kNotKnown };

// One that is built in does not show as a module, but by what it makes.
Module state_of(const Reading<std::string>& module, const Reading<bool>& made) {
  if (module || made == true) return Module::kThere;
  return module.unreadable() != nullptr || !made ? Module::kNotKnown : Module::kMissing;
}

bool has_nvlink5(const std::string& instance_type) {
  return instance_type.starts_with("p6-b200.") || instance_type.starts_with("p6-b300.");
}

void judge_nvlink(const Node& node, const Expectation& expectation, Findings& findings) {
  const Check& check = kGpuNvlinkModules;
  const GpuFacts& facts = node.gpu.facts;
  if (facts.nvlink.empty() || !has_nvlink5(expectation.instance_type)) return;
  std::string missing;
  bool known = true;
  for (const auto& [name, state] :
       {std::pair("mlx5_ib", state_of(facts.modules.mlx5_ib, facts.nvlink_rdma)),
        std::pair("ib_umad", state_of(facts.modules.ib_umad, facts.mad_class))}) {
    known = known && state != Module::kNotKnown;
    if (state == Module::kMissing) missing += (missing.empty() ? "" : ", ") + std::string(name);
  }
  const Evidence evidence{missing.empty() ? "loaded" : "missing: " + missing, "mlx5_ib and ib_umad",
                          "/sys/module"};
  if (!missing.empty()) {
    findings.fail(check, kNodeSubject, "not loaded: " + missing, evidence);
  } else if (!known) {
    findings.unknown(check, kNodeSubject, "which modules there are could not be read", evidence);
  } else {
    findings.pass(check, kNodeSubject, "mlx5_ib and ib_umad are there", evidence);
  }
}

// What the accelerators are, or whether they have a driver, does not show.
void say_unseen(const Check& check, const Expectation& expectation, Findings& findings) {
  say_weighed(check, FindingResult::kUnknown, "the accelerators could not be looked at", {},
              expectation, findings);
}

// The probe ended before it had looked: of what the PCI bus showed all the same.
void judge_unseen(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!has_driven_efa(node)) return;
  if (!node.pci.facts.gpus.empty()) say_unseen(kGpuNoMemoryPath, expectation, findings);
  if (!node.pci.facts.neuron.empty()) say_unseen(kGpuNeuronNoPath, expectation, findings);
}

void judge_nvidia(const Node& node, const Expectation& expectation, Findings& findings) {
  const GpuFacts& facts = node.gpu.facts;
  if (!any_has_driver(facts.nvidia, "nvidia")) {  // not yet, or no driver of NVIDIA's here
    if (any_hides_driver(facts.nvidia)) say_unseen(kGpuNoMemoryPath, expectation, findings);
    if (facts.modules.nvidia) judge_all_claimed(node, findings);
    return;
  }
  if (has_driven_efa(node)) judge_nvidia_paths(node, expectation, findings);
  judge_denied(node, expectation, findings);
  judge_all_claimed(node, findings);
  judge_user_space(node, expectation.past.now_ms, findings);
  judge_nvlink(node, expectation, findings);
  judge_fabric_manager(node, expectation, findings);
  judge_peermem_stale(node, findings);
  judge_misaligned(node, findings);
  judge_gdrcopy(facts, findings);
  judge_gda(node, expectation, findings);
  judge_locality(node, expectation, findings);
}

// What is there is loaded, what is missing is installed first: which of both, the node's own tools
// tell as they run. "": that of the check.
std::string neuron_command(const Node& node) {
  const bool loaded = node.gpu.facts.modules.neuron.has_value();
  const std::string add = add_command(node.kernel.facts.os.value_or(""), "aws-neuronx-dkms");
  if (loaded || add.empty()) return "";
  return "sudo modprobe neuron || (" + add + " && sudo modprobe neuron)";
}

void judge_neuron_driver(const Node& node, const Accelerator& device, Findings& findings) {
  const Check& check = kGpuNeuronNotLoaded;
  const std::string subject = device.address.to_text();
  const Evidence evidence{device.driver.value_or("none"), "neuron-driver",
                          "/sys/bus/pci/devices/" + subject + "/driver"};
  if (device.driver.unreadable() != nullptr) {
    findings.unknown(check, subject, "its driver could not be read", evidence);
  } else if (is_unbound(device)) {
    findings.fail(check, subject, "no driver is bound", evidence, {neuron_command(node), ""});
  } else {
    findings.pass(check, subject, *device.driver + " is bound", evidence);
  }
}

void judge_neuron(const Node& node, const Expectation& expectation, Findings& findings) {
  const GpuFacts& facts = node.gpu.facts;
  for (const Accelerator& device : facts.neuron) judge_neuron_driver(node, device, findings);
  if (!any_has_driver(facts.neuron, "neuron-driver")) return;
  if (has_driven_efa(node)) judge_neuron_path(node, expectation, findings);
  judge_locality(node, expectation, findings);
}

}  // namespace

void judge_gpu(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!expectation.expected || node.pci.facts.efa.empty()) return;
  if (expectation.direct_memory == DirectMemory::kImpossible) return;
  if (node.gpu.outcome.status != ProbeStatus::kOk) {
    judge_unseen(node, expectation, findings);
    return;
  }
  judge_unidentified(node.gpu.facts, findings);
  judge_nvidia(node, expectation, findings);
  judge_neuron(node, expectation, findings);
}

}  // namespace efa
