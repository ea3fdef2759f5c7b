// probe-jobs: looks at /proc/<pid>/fd of every process for open EFA device nodes, and at the
// limits, the settings and the surroundings of those that hold one, or a GPU and settings for EFA.
// What users' processes show is as large, slow and strange as they make it: everything here is
// bounded, and what was cut is told. Nothing of it is recorded but the facts. Interface:
// proc_pid_fd(5), proc_pid_exe(5), proc_pid_limits(5).

#include "probes/jobs/read.h"
#include "probes/base/unseen.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "probes/base/private_memory.h"
#include "probes/base/text.h"
#include "probes/jobs/environments.h"
#include "probes/jobs/facts.h"
#include "probes/jobs/parse.h"
#include "probes/jobs/settings.h"
#include "probes/limits/control_group.h"
#include "probes/limits/parse.h"
#include "probes/protocol/efa_functions.h"
#include "probes/protocol/job_group.h"
#include "probes/protocol/open_files.h"

namespace efa {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMaxTold = 256;  // a node has at most a rank for each of its 192 CPUs

std::optional<bool> read_ipc_lock(const Look& look, const std::string& process) {
  const auto lines = look.root.read_lines(
      process + "/status", [](const std::string& line) { return may_lock_any(line).has_value(); },
      Sysroot::kSmallFile);
  return lines && !lines->empty() ? may_lock_any(lines->front()) : std::nullopt;
}

// By its file: what a process calls itself (comm) is any text of its own.
std::string read_command(const Look& look, const std::string& process) {
  const auto executable = look.root.link(process + "/exe");
  const std::string path =
      executable ? *executable : look.root.text(process + "/comm").value_or("");
  return program_name(path).value_or("other");
}

std::optional<bool> is_in_container(const std::string& control_groups) {
  const auto group = parse_systemd_cgroup(control_groups);
  return group ? std::optional(is_container_cgroup(*group)) : std::nullopt;
}

// What a process has open of what is looked for.
struct OpenNodes {
  std::set<std::string> efa;
  std::set<std::string> accelerators;
};

Job read_job(const Look& look, int pid, const OpenNodes& open) {
  const std::string process = "/proc/" + std::to_string(pid);
  Job job;
  job.pid = pid;
  job.command = read_command(look, process);
  job.devices.assign(open.efa.begin(), open.efa.end());
  job.accelerators = static_cast<int>(open.accelerators.size());
  if (open.efa.empty()) return job;
  const auto limits = look.root.text(process + "/limits");
  if (limits) job.locked_memory = parse_locked_memory(*limits);
  job.may_lock_any = read_ipc_lock(look, process);
  const std::string groups = look.root.text(process + "/cgroup").value_or("");
  job.job = job_of_process(groups);
  job.container = is_in_container(groups);
  return job;
}

OpenNodes nodes_among(const std::set<std::string>& open) {
  OpenNodes nodes;
  for (const std::string& path : open) {
    (is_accelerator_node(path) ? nodes.accelerators : nodes.efa).insert(path);
  }
  return nodes;
}

// Those that hold an EFA device node, then those that have an accelerator without one open.
std::vector<Job> read_processes(const Look& look, const OpenFiles& holders,
                                std::vector<std::string>& cut) {
  const std::vector<int>& too_many = holders.too_many();
  std::vector<Job> jobs;
  std::vector<Job> without_efa;
  int count = 0;
  for (const auto& [pid, files] : holders.found()) {
    const OpenNodes open = nodes_among(files);
    if (open.efa.empty() && without_efa.size() == kMaxTold) continue;
    Job job = read_job(look, pid, open);
    if (job.command.starts_with("probe-")) continue;  // our own
    if (open.efa.empty()) {
      without_efa.push_back(std::move(job));
      continue;
    }
    if (std::binary_search(too_many.begin(), too_many.end(), pid)) {
      job.cut.push_back("open files: more than " + std::to_string(kManyFiles));
    }
    if (static_cast<size_t>(++count) <= kMaxTold) jobs.push_back(std::move(job));
  }
  look.out.set("holders", count);
  if (static_cast<size_t>(count) > kMaxTold) {
    cut.push_back("processes that hold a device: only the first " + std::to_string(kMaxTold) +
                  " of " + std::to_string(count) + " are listed");
  }
  jobs.insert(jobs.end(), without_efa.begin(), without_efa.end());
  return jobs;
}

void tell_processes(const Look& look, const std::vector<Job>& jobs) {
  for (const Job& job : jobs) {
    if (!job.devices.empty()) {
      look.out.add("processes", job);
    } else if (any_is_for_efa(job.environment)) {
      look.out.add("without_efa", job);
    }
  }
}

}  // namespace

void read_jobs(const Look& look) {
  keep_memory_private();  // it sees environments whole
  const std::map<std::string, PciAddress> nodes = efa_device_nodes(look.root);
  if (nodes.empty()) return;
  look.out.doing("list processes", "/proc");
  const auto names = look.root.list("/proc", Sysroot::kManyProcesses);
  if (!names) {
    look.out.add("unseen", unseen_of("/proc", names.error()));
    return;
  }
  const auto start = Clock::now();
  const auto third = (look.deadline - start) / 3;  // for open files, for environments, to spare
  const auto wanted = [&](const std::string& path) {
    return nodes.contains(path) || is_accelerator_node(path);
  };
  OpenFiles holders(look.root, wanted, start + third);
  holders.look_at(process_ids(*names));
  look.out.set("processes_looked_at", holders.seen());
  look.out.set("unreadable_processes", holders.unreadable());
  std::vector<std::string> cut;
  if (holders.late() > 0) {
    cut.push_back("open files of " + std::to_string(holders.late()) +
                  " processes: there was no time left");
  }
  if (!holders.too_many().empty()) {
    cut.push_back("open files of " + std::to_string(holders.too_many().size()) +
                  " processes: more than " + std::to_string(kManyFiles) + " each");
  }
  std::vector<Job> jobs = read_processes(look, holders, cut);
  look.out.doing("read environments", "/proc");
  const bool all_ended = read_environments(look.root, jobs, start + 2 * third);
  tell_processes(look, jobs);
  look.out.set("cut", cut);
  if (all_ended) return;
  look.out.done();
  _exit(0);  // with the readers that still wait
}

}  // namespace efa
