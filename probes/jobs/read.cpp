// probe-jobs: looks at /proc/<pid>/fd of every process for open EFA device nodes, and at the limits
// and the EFA settings of those that hold one. Of an environment nothing else is kept: it holds
// secrets. Interface: proc_pid_fd(5), proc_pid_environ(5).

#include <algorithm>
#include <set>

#include "probes/jobs/facts.h"
#include "probes/limits/parse.h"
#include "probes/protocol/efa_functions.h"
#include "probes/protocol/probe_main.h"
#include "probes/protocol/text.h"

namespace efa {
namespace {

constexpr const char* kVerbs = "/sys/class/infiniband_verbs";
constexpr size_t kMaxEnvironment = size_t{2} * 1024 * 1024;  // ARG_MAX
constexpr unsigned kIpcLock = 14;                            // CAP_IPC_LOCK of capabilities(7)

std::set<std::string> efa_nodes(const Look& look) {
  std::set<std::string> nodes;
  for (const std::string& name : look.root.list(kVerbs).value_or({})) {
    const auto address = pci_function_behind(look.root, std::string(kVerbs) + "/" + name);
    if (address && is_efa_function(look.root, *address)) nodes.insert("/dev/infiniband/" + name);
  }
  return nodes;
}

bool is_efa_setting(const std::string& variable) {
  constexpr const char* kPrefixes[] = {"FI_",   "RDMAV_",    "IBV_",
                                       "NCCL_", "OMPI_MCA_", "LD_LIBRARY_PATH="};
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](const char* prefix) { return variable.starts_with(prefix); });
}

// "CapEff:\t000001ffffffffff"
std::optional<bool> read_ipc_lock(const Look& look, const std::string& process) {
  const auto lines = look.root.read_lines(
      process + "/status", [](const std::string& line) { return line.starts_with("CapEff:"); },
      Sysroot::kSmallFile);
  if (!lines || lines->empty()) return std::nullopt;
  const auto bits = parse_number<uint64_t>(lines->front().substr(7), 16);
  return bits ? std::optional((*bits >> kIpcLock & 1U) != 0) : std::nullopt;
}

Job read_job(const Look& look, int pid, const std::string& command,
             const std::vector<std::string>& targets) {
  const std::string process = "/proc/" + std::to_string(pid);
  Job job;
  job.pid = pid;
  job.command = command;
  const std::set<std::string> distinct(targets.begin(), targets.end());
  job.devices.assign(distinct.begin(), distinct.end());
  const auto limits = look.root.text(process + "/limits");
  if (limits) job.locked_memory = parse_locked_memory(*limits);
  job.may_lock_any = read_ipc_lock(look, process);
  job.environment =
      look.root.read_lines(process + "/environ", is_efa_setting, kMaxEnvironment, '\0')
          .value_or({});
  return job;
}

void read_jobs(const Look& look) {
  const std::set<std::string> nodes = efa_nodes(look);
  if (nodes.empty()) return;
  look.out.doing("list processes", "/proc");
  const Result<std::vector<std::string>> names = look.root.list("/proc");
  if (!names) {
    look.out.add("unseen", Unseen{"/proc", names.error().what, names.error().os_error});
    return;
  }
  int looked_at = 0;
  int unreadable = 0;
  for (const std::string& name : *names) {
    const auto pid = parse_number<int>(name);
    if (!pid) continue;
    const auto targets = look.root.link_targets(
        "/proc/" + name + "/fd", [&](const std::string& target) { return nodes.contains(target); });
    if (!targets) {
      unreadable += targets.error().kind == ErrorKind::kDenied ? 1 : 0;
      continue;
    }
    ++looked_at;
    if (targets->empty()) continue;
    const std::string command = look.root.text("/proc/" + name + "/comm").value_or("");
    if (command.starts_with("probe-")) continue;  // our own
    look.out.add("processes", read_job(look, *pid, command, *targets));
  }
  look.out.set("processes_looked_at", looked_at);
  look.out.set("unreadable_processes", unreadable);
}

}  // namespace
}  // namespace efa

int main(int argc, char** argv) {
  return efa::probe_main(argc, argv, efa::read_jobs);
}
