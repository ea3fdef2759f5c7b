// Judges the limits under which jobs run: too little lockable memory stops them, the rest is slow.

#include "probes/judges.h"
#include "probes/limits/checks.h"

namespace efa {
namespace {

constexpr uint64_t kEnoughKib = uint64_t{16} * 1024 * 1024;  // AWS's own efa-check.sh warns below
constexpr uint64_t kHugePagesPerCpu = 55;           // 110 MiB: an endpoint's pools; efa-check.sh
constexpr uint64_t kLargestDefaultPageKib = 16384;  // efa-check.sh does not ask above

std::span<const Check> checks() {
  return kLimitsChecks;
}

std::string words_of(const LockedMemory& memory) {
  return memory.unlimited ? "unlimited" : std::to_string(memory.soft_kib.value_or(0)) + " KiB";
}

bool is_runtime(const std::string& name) {
  return name == "containerd" || name == "dockerd" || name == "crio";
}

bool is_scheduler(const std::string& name) {
  return name == "slurmd" || name == "slurmstepd" || name == "pbs_mom";
}

void judge_service(const ServiceLimits& service, Findings& findings) {
  if (!is_runtime(service.name) && !is_scheduler(service.name)) return;
  const char* code =
      is_runtime(service.name) ? "limits.container-memlock-low" : "limits.memlock-low";
  const std::string source = "/proc/" + std::to_string(service.pid) + "/limits";
  if (!service.locked_memory) {
    findings.unknown(code, service.name, "its limits could not be read", {"", "", source});
    return;
  }
  const LockedMemory& memory = *service.locked_memory;
  const Evidence evidence{words_of(memory), "unlimited, or 16 GiB and more", source};
  if (memory.unlimited || memory.soft_kib.value_or(0) >= kEnoughKib) {
    findings.pass(code, service.name, "may lock memory: " + words_of(memory), evidence);
    return;
  }
  findings.fail(code, service.name, "may lock only " + words_of(memory), evidence);
  findings.with_command("sudo systemctl edit " + service.name +
                        " # [Service] LimitMEMLOCK=infinity");
}

void judge_huge_pages(const LimitsFacts& facts, Findings& findings) {
  const char* code = "limits.huge-pages-few";
  const std::string source = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";
  if (facts.hugepage_size_kib && *facts.hugepage_size_kib > kLargestDefaultPageKib) {
    findings.not_applicable(code, kNodeSubject, "huge pages of this kernel are larger");
  } else if (!facts.hugepages_2m || !facts.cpus) {
    findings.unknown(code, kNodeSubject, "huge pages or CPUs could not be counted",
                     {"", "", source});
  } else {
    const uint64_t wanted = kHugePagesPerCpu * static_cast<uint64_t>(*facts.cpus) + 1;
    const Evidence evidence{std::to_string(*facts.hugepages_2m), std::to_string(wanted), source};
    const std::string words = evidence.observed + " huge pages of 2 MiB";
    *facts.hugepages_2m < wanted
        ? findings.fail(code, kNodeSubject, words + ", not " + evidence.expected, evidence)
        : findings.pass(code, kNodeSubject, words, evidence);
    if (*facts.hugepages_2m < wanted) {
      findings.with_command("sudo sysctl -w vm.nr_hugepages=" + evidence.expected);
    }
  }
}

void judge_ptrace(const Node& node, Findings& findings) {
  const char* code = "limits.ptrace-restricted";
  const auto scope = node.limits.facts.ptrace_scope;
  if (node.limits.outcome.status != ProbeStatus::kOk) {
    findings.unknown(code, kNodeSubject, "limits could not be read");
    return;
  }
  const Evidence evidence{scope ? std::to_string(*scope) : "no Yama", "0 or no Yama",
                          "/proc/sys/kernel/yama/ptrace_scope"};
  scope.value_or(0) != 0
      ? findings.fail(code, kNodeSubject, "ptrace_scope is " + evidence.observed, evidence)
      : findings.pass(code, kNodeSubject, "processes may read each other's memory", evidence);
}

void judge(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!expectation.expected) return;
  if (node.live && node.limits.facts.services.empty()) {  // there is always process 1
    for (const char* code : {"limits.memlock-low", "limits.container-memlock-low"}) {
      findings.unknown(code, kNodeSubject, "processes could not be listed", {"", "", "/proc"});
    }
  }
  for (const ServiceLimits& service : node.limits.facts.services) judge_service(service, findings);
  judge_huge_pages(node.limits.facts, findings);
  judge_ptrace(node, findings);
}

}  // namespace

Judge limits_judge() {
  return {"limits", checks, judge};
}

}  // namespace efa
