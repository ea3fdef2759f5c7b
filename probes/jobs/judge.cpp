// Judges the processes that use EFA now.

#include <fmt/core.h>

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

}  // namespace

void judge_jobs(const Node& node, const Expectation& /*expectation*/, Findings& findings) {
  if (!node.jobs.facts.unseen.empty()) {
    findings.unknown(kJobsMemlockLow, kNodeSubject, "processes could not be listed",
                     {node.jobs.facts.unseen.front().reason, "", "/proc"});
  }
  for (const Job& job : node.jobs.facts.processes) judge_job(job, findings);
}

}  // namespace efa
