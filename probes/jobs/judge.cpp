// Judges the processes that use EFA now.

#include "probes/jobs/checks.h"
#include "probes/judges.h"

namespace efa {
namespace {

constexpr uint64_t kEnoughKib = uint64_t{16} * 1024 * 1024;  // AWS's own efa-check.sh warns below

std::span<const Check> checks() {
  return kJobsChecks;
}

void judge_job(const Job& job, Findings& findings) {
  const char* code = "jobs.memlock-low";
  const std::string subject = job.command + " " + std::to_string(job.pid);
  const std::string source = "/proc/" + std::to_string(job.pid) + "/limits";
  if (!job.locked_memory) {
    findings.unknown(code, subject, "its limits could not be read", {"", "", source});
    return;
  }
  const uint64_t soft_kib = job.locked_memory->soft_kib.value_or(0);
  const std::string observed =
      job.locked_memory->unlimited ? "unlimited" : std::to_string(soft_kib) + " KiB";
  const Evidence evidence{observed, "unlimited, or 16 GiB and more", source};
  if (job.locked_memory->unlimited || job.may_lock_any == true || soft_kib >= kEnoughKib) {
    findings.pass(code, subject, "may lock memory: " + observed, evidence);
  } else {
    findings.fail(code, subject, "may lock only " + observed, evidence);
  }
}

void judge(const Node& node, const Expectation& /*expectation*/, Findings& findings) {
  if (!node.jobs.facts.unseen.empty()) {
    findings.unknown("jobs.memlock-low", kNodeSubject, "processes could not be listed",
                     {node.jobs.facts.unseen.front().reason, "", "/proc"});
  }
  for (const Job& job : node.jobs.facts.processes) judge_job(job, findings);
}

}  // namespace

Judge jobs_judge() {
  return {"jobs", checks, judge};
}

}  // namespace efa
