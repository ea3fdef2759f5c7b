// Judges how processes that use EFA ended, as the kernel's log has it: killed for lack of memory,
// crashed inside libfabric.

#include <fmt/core.h>

#include <map>
#include <set>

#include "probes/base/releases.h"
#include "probes/base/text.h"
#include "probes/jobs/checks.h"
#include "probes/jobs/judging.h"

namespace efa {
namespace {

const Job* job_of(const Node& node, const MemoryKill& kill) {
  for (const Job& job : node.jobs.facts.processes) {
    if (!job.job.empty() && job.job == kill.job) return &job;
  }
  return nullptr;
}

// Of a job that still runs.
struct Killed {
  size_t processes = 0;
  bool whole = false;  // of a container or step of it all

  void take(const MemoryKill& kill) {
    if (kill.whole) {
      whole = true;
    } else {
      ++processes;
    }
  }

  [[nodiscard]] std::string words() const {
    if (whole) return "all processes of a container or step of its job were";
    return fmt::format("{} of its job {}", counted_processes(processes),
                       processes == 1 ? "was" : "were");
  }
};

// Of a job that is gone it is told for a day: the log keeps it until the next boot.
bool is_recent(const MemoryKill& kill, const Past& past) {
  constexpr int64_t kDayMs = int64_t{24} * 60 * 60 * 1000;
  return past.now_ms - static_cast<int64_t>(kill.usec / 1000) < kDayMs;
}

std::string words_of_gone(const std::set<std::string>& gone) {
  const std::string more = gone.size() > 1 ? fmt::format(" and {} more", gone.size() - 1) : "";
  return fmt::format(
      "job {}{}, which had EFA open, lost processes for lack of memory and has none with EFA now",
      *gone.begin(), more);
}

void judge_kills(const Node& node, const Past& past, Findings& findings) {
  const Check& check = kJobsKilledForMemory;
  const JobsFacts& jobs = node.jobs.facts;
  if (!jobs.unseen.empty() || (jobs.processes.empty() && past.jobs.empty())) return;
  if (!node.log.facts.total) {
    findings.unknown(check, kNodeSubject, "the kernel log was not read", {"", "", "/dev/kmsg"});
    return;
  }
  std::map<const Job*, Killed> killed;
  std::set<std::string> gone;
  for (const MemoryKill& kill : node.log.facts.kills) {
    if (const Job* job = job_of(node, kill)) {
      killed[job].take(kill);
    } else if (past.jobs.contains(kill.job) && is_recent(kill, past)) {
      gone.insert(kill.job);
    }
  }
  for (const auto& [job, count] : killed) {
    findings.fail(check, subject_of(*job), count.words() + " killed for lack of memory",
                  {job->job, "none", "/dev/kmsg"});
  }
  if (!gone.empty()) {
    findings.fail(check, kNodeSubject, words_of_gone(gone),
                  {join({gone.begin(), gone.end()}, ", "), "none", "/dev/kmsg"});
  } else if (killed.empty()) {
    findings.pass(check, kNodeSubject, "no job that uses EFA lost a process so",
                  {"none", "none", "/dev/kmsg"});
  }
}

// "libfabric.so.1.24.0 (1.21)"
std::string words_of_library(const std::string& file) {
  const auto release = libfabric_release(file);
  return release ? fmt::format("{} ({}.{})", file, release->major, release->minor) : file;
}

void judge_crashes(const Node& node, Findings& findings) {
  const Check& check = kJobsLibfabricCrashed;
  const LogFacts& log = node.log.facts;
  if (!log.total) {
    if (node.jobs.facts.processes.empty()) return;
    findings.unknown(check, kNodeSubject, "the kernel log was not read", {"", "", "/dev/kmsg"});
    return;
  }
  std::map<std::string, size_t> crashes;
  for (const LibraryCrash& crash : log.crashes) ++crashes[crash.library];
  std::vector<std::string> words;
  for (const auto& [library, count] : crashes) {
    words.push_back(fmt::format("{} in {}", counted_processes(count), words_of_library(library)));
  }
  if (!words.empty()) {
    findings.fail(check, kNodeSubject, "crashed since boot: " + join(words, ", "),
                  {join(words, ", "), "none", "/dev/kmsg"});
  } else if (!node.jobs.facts.processes.empty()) {
    findings.pass(check, kNodeSubject,
                  "the kernel has logged none; it logs none of a process that handles it itself",
                  {"none", "none", "/dev/kmsg"});
  }
}

}  // namespace

void judge_ends(const Node& node, const Expectation& expectation, Findings& findings) {
  judge_kills(node, expectation.past, findings);
  if (expectation.expected) judge_crashes(node, findings);
}

}  // namespace efa
