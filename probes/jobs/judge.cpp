// Judges the processes that use EFA now.

#include <fmt/core.h>

#include <map>

#include "probes/jobs/checks.h"
#include "probes/judging/node.h"
#include "probes/limits/memlock.h"

namespace efa {
namespace {

void judge_job(const Job& job, Findings& findings) {
  const Check& check = kJobsMemlockLow;
  const std::string subject = fmt::format("{} {}", job.command, job.pid);
  const std::string source = fmt::format("/proc/{}/limits", job.pid);
  if (!job.locked_memory) {
    findings.unknown(check, subject, "its limits could not be read", {"", "", source});
    return;
  }
  const std::string observed = words_of(*job.locked_memory);
  const Evidence evidence{observed, kEnoughLockedMemory, source};
  if (job.may_lock_any == true || is_enough(*job.locked_memory)) {
    findings.pass(check, subject, "may lock memory: " + observed, evidence);
  } else {
    findings.fail(check, subject, "may lock only " + observed, evidence);
  }
}

const Job* job_of(const Node& node, const MemoryKill& kill) {
  for (const Job& job : node.jobs.facts.processes) {
    if (!job.job.empty() && job.job == kill.job) return &job;
  }
  return nullptr;
}

void judge_kills(const Node& node, Findings& findings) {
  const Check& check = kJobsKilledForMemory;
  if (node.jobs.facts.processes.empty()) return;
  if (!node.log.facts.total) {
    findings.unknown(check, kNodeSubject, "the kernel log was not read", {"", "", "/dev/kmsg"});
    return;
  }
  std::map<const Job*, size_t> kills;
  for (const MemoryKill& kill : node.log.facts.kills) {
    if (const Job* job = job_of(node, kill)) ++kills[job];
  }
  for (const auto& [job, count] : kills) {
    findings.fail(check, fmt::format("{} {}", job->command, job->pid),
                  fmt::format("{} process{} of its job {} killed for lack of memory", count,
                              count == 1 ? "" : "es", count == 1 ? "was" : "were"),
                  {job->job, "none", "/dev/kmsg"});
  }
  if (kills.empty()) {
    findings.pass(check, kNodeSubject, "no job that uses EFA now lost a process so",
                  {"none", "none", "/dev/kmsg"});
  }
}

}  // namespace

void judge_jobs(const Node& node, const Expectation& /*expectation*/, Findings& findings) {
  if (!node.jobs.facts.unseen.empty()) {
    findings.unknown(kJobsMemlockLow, kNodeSubject, "processes could not be listed",
                     {node.jobs.facts.unseen.front().reason, "", "/proc"});
  }
  for (const Job& job : node.jobs.facts.processes) judge_job(job, findings);
  judge_kills(node, findings);
}

}  // namespace efa
