// Judges which libfabric the processes that use EFA, or were meant to, have mapped: one that was
// asked for its devices, or another one.

#include <fmt/core.h>

#include <algorithm>

#include "probes/base/text.h"
#include "probes/jobs/checks.h"
#include "probes/jobs/judging.h"
#include "probes/jobs/settings.h"
#include "probes/protocol/installer_files.h"

namespace efa {
namespace {

// Where a merged /usr makes two names of one directory.
std::string directory_of(const std::string& path) {
  const std::string directory = path.substr(0, path.rfind('/'));
  return directory.starts_with("/usr/lib") ? directory.substr(4) : directory;
}

// The copies that probe-fabric asked.
struct Copies {
  std::vector<std::string> all;
  std::vector<std::string> for_efa;  // those not known to be built without the provider
};

Copies asked_copies(const Node& node) {
  Copies asked;
  for (const Seen<FabricFacts>& one : node.fabric) {
    if (!one.facts.library) continue;
    asked.all.push_back(*one.facts.library);
    if (one.facts.has_provider != false) asked.for_efa.push_back(*one.facts.library);
  }
  return asked;
}

// The copy that was asked may be a link to the one of the EFA installer.
bool leads_to(const Node& node, const std::string& copy, const std::string& used) {
  if (!used.starts_with(kInstallerFolder)) return false;
  const auto& libraries = node.software.facts.libraries;
  return std::any_of(libraries.begin(), libraries.end(), [&](const LibraryCopy& library) {
    return library.path == copy && library.file == base_name(used);
  });
}

bool was_asked(const Node& node, const Copies& asked, const std::string& used) {
  return std::any_of(asked.all.begin(), asked.all.end(), [&](const std::string& copy) {
    const std::string directory = directory_of(copy);
    // of a process's directory no more is kept than told_directory() gives
    return directory == directory_of(used) || told_directory(directory) == directory_of(used) ||
           leads_to(node, copy, used);
  });
}

std::vector<std::string> libfabrics_of(const Job& job) {
  std::vector<std::string> found;
  for (const std::string& path : job.libraries.value_or({})) {
    if (base_name(path).starts_with("libfabric")) found.push_back(path);
  }
  return found;
}

void fail_other(const Job& job, const std::string& used, const Copies& asked, ByProgram& said) {
  const std::string& first = asked.for_efa.front();
  said.fail(
      kJobsOtherLibfabric, job, "uses " + used,
      {used, join(asked.for_efa, ", "), fmt::format("/proc/{}/maps", job.pid)},
      fmt::format("export LD_LIBRARY_PATH={}:$LD_LIBRARY_PATH", first.substr(0, first.rfind('/'))));
}

void judge_job(const Node& node, const Job& job, const Copies& asked, ByProgram& said) {
  const std::string source = fmt::format("/proc/{}/maps", job.pid);
  if (const Unseen* unseen = job.libraries.unreadable()) {
    said.unknown(kJobsOtherLibfabric, job, "what it has mapped could not be read",
                 {unseen->reason, "", source});
    return;
  }
  for (const std::string& used : libfabrics_of(job)) {
    if (!job.own_root) {
      said.unknown(kJobsOtherLibfabric, job,
                   "whether its root directory is this node's is not known",
                   {used, "", fmt::format("/proc/{}/root", job.pid)});
    } else if (!was_asked(node, asked, used)) {
      fail_other(job, used, asked, said);
    }
  }
}

}  // namespace

void judge_libfabric(const Node& node, Findings& findings) {
  const Copies asked = asked_copies(node);
  if (!node.live || asked.for_efa.empty()) return;  // there is no better one to name
  ByProgram said(findings);
  int judged = 0;
  const JobsFacts& facts = node.jobs.facts;
  for (const auto* jobs : {&facts.processes, &facts.without_efa}) {
    for (const Job& job : *jobs) {
      if (job.own_root == true) continue;  // a container brings its own
      judge_job(node, job, asked, said);
      judged += libfabrics_of(job).empty() ? 0 : 1;
    }
  }
  said.tell();
  if (judged > 0 && !said.says(kJobsOtherLibfabric)) {
    findings.pass(kJobsOtherLibfabric, kNodeSubject,
                  fmt::format("{} processes use a libfabric that was asked", judged));
  }
}

}  // namespace efa
