// Judges Fabric Manager on the instance types whose GPUs need it.

#include "probes/gpu/fabric_judge.h"

#include <algorithm>
#include <utility>

#include "probes/base/text.h"
#include "probes/gpu/checks.h"
#include "probes/gpu/container.h"
#include "probes/gpu/parse.h"
#include "probes/gpu/ways.h"
#include "probes/judging/packages.h"

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

// In NVIDIA's repository the package has no number in its name, in Ubuntu's it has that of a
// series. Yum calls an older one a downgrade.
std::string fabric_install_command(const Node& node) {
  constexpr const char* kRestart = "sudo systemctl restart nvidia-fabricmanager";
  const auto nvidia = version_of(node.gpu.facts.modules.nvidia);
  const bool older = nvidia && !is_at_least(*nvidia, kNvidiaFabricManagerName);
  const std::string name = older ? "nvidia-fabric-manager" : "nvidia-fabricmanager";
  const std::string version = "$(cat /sys/module/nvidia/version)";
  switch (package_tool_of(node.kernel.facts.os.value_or(""))) {
    case PackageTool::kApt:
      return "v=" + version +
             " && (sudo apt-get install -y --allow-downgrades \"nvidia-fabricmanager=$v*\" || sudo "
             "apt-get install -y --allow-downgrades \"nvidia-fabricmanager-${v%%.*}=$v*\") && " +
             kRestart;
    case PackageTool::kDnf:
      return nvidia ? "sudo dnf -y install \"" + name + "-" + version + "\" && " + kRestart : "";
    case PackageTool::kYum:
      return nvidia ? "p=\"" + name + "-" + version +
                          "\"; sudo yum -y install \"$p\"; sudo yum -y downgrade \"$p\"; rpm -q "
                          "\"$p\" && " +
                          kRestart
                    : "";
    case PackageTool::kZypper:
      return nvidia ? "sudo zypper --non-interactive install --oldpackage \"" + name + "=" +
                          version + "\" && " + kRestart
                    : "";
    case PackageTool::kNone:
      break;
  }
  return "";
}

struct Fit {
  FindingResult result = FindingResult::kUnknown;
  std::string why;
  bool weighs = true;  // not knowing says something against the node
};

// By its packages: an update of the driver takes effect at the next boot, one of Fabric Manager
// when it is started again.
Fit fit_of_packages(const GpuFacts& facts) {
  const FabricManager& manager = facts.fabric_manager;
  const std::string packages = join(*manager.packages, ", ");
  const auto is_there = [&](const std::string& driver) {
    return std::any_of(manager.packages->begin(), manager.packages->end(),
                       [&](const std::string& one) { return without_packaging(one) == driver; });
  };
  if (is_there(*facts.modules.nvidia)) {
    return {FindingResult::kPass, packages + " is the NVIDIA driver's version"};
  }
  if (facts.nvidia_on_disk && is_there(*facts.nvidia_on_disk)) {
    return {FindingResult::kPass, packages + " is the version of the NVIDIA driver on disk"};
  }
  const std::string differs = packages + " is not of NVIDIA driver " + *facts.modules.nvidia;
  if (manager.running == false || facts.nvidia_on_disk) return {FindingResult::kFail, differs};
  return {FindingResult::kUnknown, differs + ", which may be updated at the next boot"};
}

Fit fit_of(const Node& node) {
  const GpuFacts& facts = node.gpu.facts;
  const FabricManager& manager = facts.fabric_manager;
  if (is_container(node)) return {FindingResult::kNotApplicable, "packages here are a container's"};
  if (!version_of(facts.modules.nvidia)) {
    return {FindingResult::kUnknown, "the NVIDIA driver's version could not be read"};
  }
  if (manager.packages.unreadable() != nullptr) {
    return {FindingResult::kUnknown, "which packages dpkg has could not be read"};
  }
  if (manager.packages && !manager.packages->empty()) return fit_of_packages(facts);
  if (manager.running == false && manager.refused == *facts.modules.nvidia) {
    return {FindingResult::kFail,
            "its log says that it does not fit NVIDIA driver " + *facts.modules.nvidia};
  }
  if (manager.running == true) {  // it ends where it does not fit the driver
    return {FindingResult::kUnknown,
            "no package of dpkg's shows its version, and others are not read; it runs, so that it "
            "fitted the driver when it was started",
            false};
  }
  return {FindingResult::kNotApplicable, "no package of dpkg's shows its version"};
}

void judge_fabric_version(const Node& node, Findings& findings) {
  const GpuFacts& facts = node.gpu.facts;
  const Fit fit = fit_of(node);
  const bool fails = fit.result == FindingResult::kFail;
  const auto weight = fit.weighs ? kGpuFabricVersion.severity : Severity::kInfo;
  findings.add(make_finding(weighed(row_of(kGpuFabricVersion), weight), fit.result, kNodeSubject,
                            fit.why,
                            {join(facts.fabric_manager.packages.value_or({}), ", "),
                             facts.modules.nvidia.value_or("unknown"),
                             "/var/lib/dpkg/status, /sys/module/nvidia/version"},
                            {fails ? fabric_install_command(node) : "", ""}));
}

}  // namespace

void judge_fabric_manager(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!has_switches(expectation.instance_type) || !has_all_gpus(node.gpu.facts)) return;
  judge_fabric_running(node, findings);
  judge_fabric_version(node, findings);
}

}  // namespace efa
