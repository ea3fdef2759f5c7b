// Judges whether jobs find the NCCL plugin that lies on this node: without it NCCL uses sockets.
// A container has its own files, and is not judged.

#include <fmt/core.h>

#include <algorithm>

#include "probes/jobs/checks.h"
#include "probes/jobs/judging.h"

namespace efa {
namespace {

// NCCL loads what it names, wherever that is, or no plugin.
bool names_plugin(const Job& job) {
  return std::any_of(job.environment.begin(), job.environment.end(),
                     [](const std::string& one) { return one.starts_with("NCCL_NET_PLUGIN="); });
}

void judge_job(const Node& node, const Job& job, ByProgram& said) {
  const SoftwareFacts& software = node.software.facts;
  const std::string& plugin = software.ofi_nccl.front();
  const std::string directory = plugin.substr(0, plugin.rfind('/'));
  const Evidence evidence{"absent", plugin,
                          fmt::format("/proc/{}/maps, LD_LIBRARY_PATH, /etc/ld.so.cache", job.pid)};
  if (!software.loader_finds_plugin) {
    said.unknown(kJobsNcclPlugin, job,
                 "NCCL's plugin is not in its library path; the loader's cache was not read",
                 evidence);
  } else {
    said.fail(kJobsNcclPlugin, job,
              fmt::format("NCCL finds no plugin in its library path; this node has {}", plugin),
              evidence, fmt::format("export LD_LIBRARY_PATH={}:$LD_LIBRARY_PATH", directory));
  }
}

}  // namespace

void judge_job_plugins(const Node& node, Findings& findings) {
  const SoftwareFacts& software = node.software.facts;
  if (software.ofi_nccl.empty()) return;  // software.nccl-plugin-missing, or none was installed
  ByProgram said(findings);
  int judged = 0;
  const JobsFacts& facts = node.jobs.facts;
  for (const auto* jobs : {&facts.processes, &facts.without_efa}) {
    for (const Job& job : *jobs) {
      if (!job.finds_nccl_plugin) continue;
      ++judged;
      const bool finds = *job.finds_nccl_plugin || software.loader_finds_plugin == true;
      if (finds || names_plugin(job) || may_leave_efa_out(node, job)) continue;
      judge_job(node, job, said);
    }
  }
  said.tell();
  if (judged > 0 && !said.says(kJobsNcclPlugin)) {
    findings.pass(kJobsNcclPlugin, kNodeSubject, "jobs of NCCL find a plugin for it");
  }
}

}  // namespace efa
