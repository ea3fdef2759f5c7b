// Judges Fabric Manager on the instance types whose GPUs need it.

#include "probes/gpu/fabric_judge.h"

#include <algorithm>

#include "probes/gpu/checks.h"
#include "probes/gpu/container.h"

namespace efa {
namespace {

// With NVSwitch in the instance. p5.4xlarge has one GPU; the switches of p6e-gb200 are in its rack.
constexpr const char* kTypesWithSwitches[] = {"p4d.",  "p4de.",    "p5.48xlarge", "p5e.",
                                              "p5en.", "p6-b200.", "p6-b300."};

bool has_switches(const std::string& instance_type) {
  return std::any_of(std::begin(kTypesWithSwitches), std::end(kTypesWithSwitches),
                     [&](const char* type) { return instance_type.starts_with(type); });
}

// Of GPUs that virtual machines hold, theirs sets up the switches.
bool has_all_gpus(const GpuFacts& facts) {
  return std::all_of(facts.nvidia.begin(), facts.nvidia.end(),
                     [](const Accelerator& gpu) { return gpu.driver == "nvidia"; });
}

void judge_fabric_running(const Node& node, Findings& findings) {
  const Check& check = kGpuFabricNotRunning;
  const Reading<bool>& running = node.gpu.facts.fabric_manager.running;
  const bool runs = running == true;
  const Evidence evidence{runs ? "a process" : "no process", "nv-fabricmanager", "/proc"};
  if (runs) {
    findings.pass(check, kNodeSubject, "Fabric Manager runs", evidence);
  } else if (!node.live || is_container(node)) {
    findings.not_applicable(check, kNodeSubject, "services of the machine do not show here",
                            evidence);
  } else if (!running) {
    findings.unknown(check, kNodeSubject, "whether Fabric Manager runs could not be seen",
                     evidence);
  } else if (may_be_container(node)) {
    findings.unknown(check, kNodeSubject, "a container may not show it", evidence);
  } else {
    findings.fail(check, kNodeSubject, "Fabric Manager does not run", evidence);
  }
}

}  // namespace

void judge_fabric_manager(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!has_switches(expectation.instance_type) || !has_all_gpus(node.gpu.facts)) return;
  judge_fabric_running(node, findings);
}

}  // namespace efa
