// Judges the limits under which jobs run: too little lockable memory stops them, the rest is slow.

#include <fmt/core.h>

#include "probes/judging/node.h"
#include "probes/limits/checks.h"
#include "probes/limits/memlock_judge.h"

namespace efa {
namespace {

constexpr uint64_t kHugePagesPerCpu = 55;           // 110 MiB: an endpoint's pools; efa-check.sh
constexpr uint64_t kLargestDefaultPageKib = 16384;  // efa-check.sh does not ask above

void judge_memlock(const Node& node, Findings& findings) {
  const LimitsFacts& facts = node.limits.facts;
  if (node.live && facts.services.empty()) {  // there is always process 1
    for (const Check* check :
         {&kLimitsMemlockLow, &kLimitsContainerMemlockLow, &kLimitsShellMemlockLow}) {
      findings.unknown(*check, kNodeSubject, "processes could not be listed", {"", "", "/proc"});
    }
    return;
  }
  judge_services(node, findings);
  judge_sessions(node, findings);
}

void judge_huge_pages(const LimitsFacts& facts, Findings& findings) {
  const Check& check = kLimitsHugePagesFew;
  const std::string source = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";
  if (facts.hugepage_size_kib && *facts.hugepage_size_kib > kLargestDefaultPageKib) {
    findings.not_applicable(check, kNodeSubject, "huge pages of this kernel are larger");
  } else if (!facts.hugepages_2m || !facts.cpus) {
    findings.unknown(check, kNodeSubject, "huge pages or CPUs could not be counted",
                     {"", "", facts.hugepages_2m ? "/sys/devices/system/cpu/online" : source});
  } else {
    const uint64_t wanted = kHugePagesPerCpu * static_cast<uint64_t>(*facts.cpus) + 1;
    const Evidence evidence{std::to_string(*facts.hugepages_2m), std::to_string(wanted), source};
    const std::string words = evidence.observed + " huge pages of 2 MiB";
    if (*facts.hugepages_2m < wanted) {
      findings.fail(check, kNodeSubject, fmt::format("{}, not {}", words, wanted), evidence,
                    {fmt::format("echo 'vm.nr_hugepages = {}' | sudo tee "
                                 "/etc/sysctl.d/zz-efa-hugepages.conf",
                                 wanted),
                     ""});
    } else {
      findings.pass(check, kNodeSubject, words, evidence);
    }
  }
}

void judge_ptrace(const Node& node, Findings& findings) {
  const Check& check = kLimitsPtraceRestricted;
  const Reading<int>& scope = node.limits.facts.ptrace_scope;
  if (node.limits.outcome.status != ProbeStatus::kOk) {
    findings.unknown(check, kNodeSubject, "limits could not be read");
    return;
  }
  if (const Unseen* unseen = scope.unreadable()) {
    findings.unknown(check, kNodeSubject, fmt::format("{}: {}", unseen->what, unseen->reason));
    return;
  }
  const Evidence evidence{scope ? std::to_string(*scope) : "no Yama", "0 or no Yama",
                          "/proc/sys/kernel/yama/ptrace_scope"};
  if (scope.value_or(0) != 0) {
    findings.fail(check, kNodeSubject, "ptrace_scope is " + evidence.observed, evidence);
  } else {
    findings.pass(check, kNodeSubject, "processes may read each other's memory", evidence);
  }
}

}  // namespace

void judge_limits(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!expectation.expected) return;
  judge_memlock(node, findings);
  judge_huge_pages(node.limits.facts, findings);
  judge_ptrace(node, findings);
}

}  // namespace efa
