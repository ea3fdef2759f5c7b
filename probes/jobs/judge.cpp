// Judges the processes that use EFA now, or were meant to.

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "probes/base/text.h"
#include "probes/jobs/checks.h"
#include "probes/jobs/judging.h"
#include "probes/limits/memlock.h"

namespace efa {
namespace {

constexpr uint64_t kEnoughShmKib = uint64_t{8} * 1024 * 1024;  // AWS's runbook for HyperPod
constexpr uint64_t kLeastFreeShmKib = uint64_t{64} * 1024;     // all that Docker gives by default
constexpr uint64_t kHugePagesOfEndpoint = 55;                  // 110 MiB, as efa-check.sh has it

void judge_locked_memory(const Job& job, Findings& findings) {
  const Check& check = kJobsMemlockLow;
  const std::string subject = subject_of(job);
  const std::string source = fmt::format("/proc/{}/limits", job.pid);
  if (!job.locked_memory) {
    findings.unknown(check, subject, "its limits could not be read", {"", "", source});
    return;
  }
  const std::string observed = words_of(*job.locked_memory);
  const Evidence evidence{observed, kEnoughLockedMemory, source};
  if (job.may_lock_any == true || is_enough(*job.locked_memory)) {
    findings.pass(check, subject, "may lock memory: " + observed, evidence);
  } else if (!job.may_lock_any) {
    findings.unknown(check, subject,
                     observed + "; whether CAP_IPC_LOCK lifts that could not be read", evidence);
  } else {
    // a container has its limit from the runtime, another process not
    std::vector<std::string_view> not_by;
    if (job.container) {
      not_by = {*job.container ? "limits.memlock-low" : "limits.container-memlock-low"};
    }
    findings.fail({check, not_by}, subject, "may lock only " + observed, evidence);
  }
}

// "64 MiB", "7.5 GiB"
std::string size_text(uint64_t kib) {
  constexpr uint64_t kGib = uint64_t{1024} * 1024;
  if (kib < kGib) return fmt::format("{} MiB", kib / 1024);
  return fmt::format("{:.1f} GiB", static_cast<double>(kib) / kGib);
}

void judge_shm(const Job& job, ByProgram& said) {
  const Check& check = kJobsShmSmall;
  const std::string source = fmt::format("/proc/{}/root/dev/shm", job.pid);
  if (const Unseen* unseen = job.shared_memory.unreadable()) {
    said.unknown(check, job, "its /dev/shm could not be looked at", {unseen->reason, "", source});
    return;
  }
  if (!job.shared_memory) return;
  const SharedMemory& shm = *job.shared_memory;
  const Evidence evidence{
      fmt::format("{} free of {}", size_text(shm.free_kib), size_text(shm.total_kib)),
      "8 GiB, 64 MiB of them free", source};
  const bool on_node = job.container == false && job.own_root == false;
  if (shm.total_kib < kEnoughShmKib) {
    said.fail(check, job, fmt::format("its /dev/shm has {}", size_text(shm.total_kib)), evidence,
              on_node ? "sudo mount -o remount,size=50% /dev/shm" : "");
  } else if (shm.free_kib < kLeastFreeShmKib) {
    said.fail(check, job, "its /dev/shm is full", evidence, on_node ? "ls -lS /dev/shm" : "");
  }
}

// Of the container that asks: what a job in it will have.
void judge_own_shm(const LimitsFacts& facts, const std::optional<Given>& given,
                   Findings& findings) {
  if (!facts.container || facts.from_container == true || !facts.shm_total_kib) return;
  const Check& check = kJobsShmSmall;
  const std::string subject = "this container";
  const Evidence evidence{size_text(*facts.shm_total_kib), "8 GiB", "/dev/shm"};
  if (given && given->devices == 0) {
    findings.not_applicable(check, subject, "it was given no EFA device", evidence);
  } else if (*facts.shm_total_kib < kEnoughShmKib) {
    findings.fail(check, subject, "its /dev/shm has " + evidence.observed, evidence);
  } else {
    findings.pass(check, subject, "has enough shared memory", evidence);
  }
}

void judge_shared_memory(const std::vector<Job>& jobs, Findings& findings) {
  ByProgram said(findings);
  for (const Job& job : jobs) judge_shm(job, said);
  said.tell();
  const bool seen =
      std::any_of(jobs.begin(), jobs.end(), [](const Job& job) { return !!job.shared_memory; });
  if (seen && !said.says(kJobsShmSmall)) {
    findings.pass(kJobsShmSmall, kNodeSubject, "processes that use EFA have enough shared memory");
  }
}

// Those whose settings ask for EFA: what leaves it out is said of each.
std::vector<const Job*> meant_for_efa(const Node& node) {
  std::vector<const Job*> meant;
  for (const Job& job : node.jobs.facts.without_efa) {
    if (!may_leave_efa_out(node, job)) meant.push_back(&job);
  }
  return meant;
}

void judge_idle(const Node& node, Findings& findings) {
  const Check& check = kJobsEfaIdle;
  const JobsFacts& facts = node.jobs.facts;
  if (facts.processes.empty() && facts.without_efa.empty()) return;
  const std::vector<const Job*> meant = meant_for_efa(node);
  if (meant.empty()) {
    findings.pass(check, kNodeSubject, "no process is without EFA that was meant to use it");
    return;
  }
  if (!facts.processes.empty()) {  // one process of a job may move the data of the others
    findings.not_applicable(
        check, kNodeSubject,
        fmt::format("{} without EFA {} settings for it; others use EFA",
                    counted_processes(meant.size()), meant.size() == 1 ? "has" : "have"));
    return;
  }
  const Job& first = *meant.front();
  const std::string more = meant.size() > 1 ? fmt::format(" and {} more", meant.size() - 1) : "";
  const std::string message =
      fmt::format("{}{} computes on accelerators, with settings for EFA; no process has EFA open",
                  subject_of(first), more);
  const Evidence evidence{join(first.environment, " "), "an EFA device node is open",
                          fmt::format("/proc/{}/fd", first.pid)};
  if (facts.unreadable_processes.value_or(0) > 0 || !facts.cut.empty()) {
    findings.unknown(check, kNodeSubject, message + ", but some processes could not be looked at",
                     evidence);
  } else {
    findings.fail(check, kNodeSubject, message, evidence);
  }
}

void judge_taken_pages(const LimitsFacts& limits, Findings& findings) {
  const Check& check = kJobsHugePagesTaken;
  const std::string source = "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages";
  if (limits.hugepages_2m.value_or(0) == 0) return;  // limits.huge-pages-few says so
  if (!limits.hugepages_2m_free) {
    findings.unknown(check, kNodeSubject, "huge pages could not be counted", {"", "", source});
    return;
  }
  const uint64_t reserved = limits.hugepages_2m_reserved.value_or(0);
  const uint64_t free = *limits.hugepages_2m_free - std::min(*limits.hugepages_2m_free, reserved);
  const Evidence evidence{std::to_string(free), fmt::format("{} and more", kHugePagesOfEndpoint),
                          source};
  const std::string words = fmt::format("{} of {} huge pages are free", free, *limits.hugepages_2m);
  if (free < kHugePagesOfEndpoint) {
    findings.fail(check, kNodeSubject, words, evidence);
  } else {
    findings.pass(check, kNodeSubject, words, evidence);
  }
}

}  // namespace

void judge_jobs(const Node& node, const Expectation& expectation, Findings& findings) {
  const JobsFacts& facts = node.jobs.facts;
  if (!facts.unseen.empty()) {
    for (const Check* check : kJobsChecks) {
      if (check == &kJobsHugePagesTaken || check == &kJobsLibfabricCrashed) continue;
      findings.unknown(*check, kNodeSubject, "processes could not be listed",
                       {facts.unseen.front().reason, "", "/proc"});
    }
  }
  for (const Job& job : facts.processes) judge_locked_memory(job, findings);
  judge_ends(node, expectation, findings);
  judge_settings(node, expectation, findings);
  if (expectation.expected) judge_own_shm(node.limits.facts, expectation.given, findings);
  judge_shared_memory(facts.processes, findings);
  judge_libfabric(node, findings);
  judge_job_plugins(node, findings);
  judge_idle(node, findings);
  judge_quiet(node, expectation.past, findings);
  if (expectation.expected) judge_taken_pages(node.limits.facts, findings);
}

}  // namespace efa
