// probe-limits: looks at /proc/<pid>/limits of the services that start jobs, at what is configured
// for them, and at huge pages, shared memory, Yama and the control group.
// Interface: proc_pid_limits(5), limits.conf(5), systemd-system.conf(5), hugetlbpage, cgroups(7).

#include "probes/limits/read.h"

#include <algorithm>
#include <map>

#include "probes/base/text.h"
#include "probes/limits/container.h"
#include "probes/limits/control_group.h"
#include "probes/limits/doors.h"
#include "probes/limits/facts.h"
#include "probes/limits/parse.h"
#include "probes/protocol/named_processes.h"
#include "probes/protocol/telling.h"

namespace efa {
namespace {

// Their units set no limit.
constexpr const char* kPlain[] = {"systemd-logind", "systemd-journal", "systemd-udevd"};
// Processes of one name that are looked at closer. Any user can start many of a service's name, and
// a service that was started again has a higher pid than its older sessions.
constexpr size_t kMaxNamesakes = 4096;

std::optional<LockedMemory> read_locked_memory(const Look& look, const std::string& process) {
  const auto limits = look.root.text("/proc/" + process + "/limits");
  return limits ? parse_locked_memory(*limits) : std::nullopt;
}

// A process with a service's name.
struct Candidate {
  int rank = 0;  // 2: of a system unit; 1: of root's without one; 0: of a container or a user
  int pid = 0;
  std::optional<std::string> unit;
};

// The real one: "Uid:\t0\t0\t0\t0" of real, effective, saved, file system.
std::optional<uint64_t> uid_of(const Look& look, const std::string& process, size_t column = 0) {
  const auto status = look.root.read_lines(
      process + "/status", [](const std::string& line) { return line.starts_with("Uid:"); },
      Sysroot::kSmallFile);
  return status && !status->empty() ? parse_row(status->front(), "Uid:", column) : std::nullopt;
}

Candidate candidate_of(const Look& look, int pid) {
  const std::string process = "/proc/" + std::to_string(pid);
  Candidate candidate{1, pid, std::nullopt};
  // any user can call a process of his so; the owner of /proc/<pid> may be root's nonetheless
  if (uid_of(look, process).value_or(0) != 0) return {0, pid, std::nullopt};
  const auto text = look.root.text(process + "/cgroup");
  const auto group = text ? parse_systemd_cgroup(*text) : std::nullopt;
  if (!group) return candidate;
  if (is_container_cgroup(*group)) return {0, pid, std::nullopt};
  candidate.unit = parse_system_unit(*group);
  if (candidate.unit) candidate.rank = 2;
  return candidate;
}

void take_service(const Look& look, const std::string& command, const std::vector<int>& pids,
                  LimitsFacts& facts) {
  std::optional<Candidate> best;
  const bool all = pids.size() <= kMaxNamesakes;
  for (size_t i = 0; i < std::min(pids.size(), kMaxNamesakes); ++i) {
    const Candidate candidate = candidate_of(look, pids[i]);
    if (candidate.rank > 0 && (!best || candidate.rank > best->rank)) best = candidate;
    if (candidate.rank == 2) break;
  }
  if (!all && (!best || best->rank < 2)) {
    facts.unseen.push_back({"/proc", "there are too many processes of the name " + command, 0});
  }
  if (!best) return;
  facts.services.push_back(
      {command, best->pid, read_locked_memory(look, std::to_string(best->pid)), best->unit});
}

// Services whose units set no limit: they have what systemd gives by default. Process 1 has raised
// its own and does not hand that on; it is no less than the default.
void take_default(const Look& look, const std::map<std::string, std::vector<int>>& pids,
                  LimitsFacts& facts) {
  for (const char* command : kPlain) {
    const auto found = pids.find(command);
    if (found == pids.end()) continue;
    const Candidate candidate = candidate_of(look, found->second.front());
    if (look.root.live() && candidate.rank < 2) continue;
    facts.default_locked_memory = read_locked_memory(look, std::to_string(candidate.pid));
    if (facts.default_locked_memory) return;
  }
}

void read_services(const Look& look, LimitsFacts& facts) {
  const auto sets_no_limit = [](const std::string& name) {
    return std::find(std::begin(kPlain), std::end(kPlain), name) != std::end(kPlain);
  };
  const NamedProcesses named = named_processes(look, [&](int pid, const std::string& name) {
    return pid == 1 || find_door(name) != nullptr || sets_no_limit(name);
  });
  if (named.unseen) facts.unseen.push_back(*named.unseen);
  std::map<std::string, std::vector<int>> pids;
  for (const auto& [pid, name] : named.found) {
    const DoorRow* door = find_door(name);
    const std::string command = door == nullptr ? name : door->command;
    if (pid == 1) {
      facts.services.push_back({command, 1, read_locked_memory(look, "1"), std::nullopt});
    } else {
      pids[command].push_back(pid);
    }
  }
  for (auto& [command, all] : pids) std::sort(all.begin(), all.end());
  take_default(look, pids, facts);
  for (const auto& [command, all] : pids) {
    if (find_door(command) != nullptr) take_service(look, command, all, facts);
  }
}

template <class Number>
std::optional<Number> read_number(const Look& look, const std::string& path) {
  const auto text = look.root.text(path);
  return text ? parse_number<Number>(*text) : std::nullopt;
}

Reading<int> read_ptrace_scope(const Look& look) {
  const std::string path = "/proc/sys/kernel/yama/ptrace_scope";
  const Result<std::string> text = look.root.read(path);
  if (!text) return reading_of<int>(text.error());
  const auto number = parse_number<int>(*text);
  return number ? Reading<int>(*number) : Unseen{path, "is no number"};
}

void read_memory(const Look& look, LimitsFacts& facts) {
  const auto online = look.root.text("/sys/devices/system/cpu/online");
  if (online) facts.cpus = parse_cpu_count(*online);
  const std::string pages = "/sys/kernel/mm/hugepages/hugepages-2048kB/";
  facts.hugepages_2m = read_number<uint64_t>(look, pages + "nr_hugepages");
  facts.hugepages_2m_free = read_number<uint64_t>(look, pages + "free_hugepages");
  facts.hugepages_2m_reserved = read_number<uint64_t>(look, pages + "resv_hugepages");
  const auto meminfo = look.root.read_lines(
      "/proc/meminfo", [](const std::string& line) { return line.starts_with("Hugepagesize:"); },
      Sysroot::kSmallFile);
  if (meminfo && !meminfo->empty()) {
    facts.hugepage_size_kib = parse_row(meminfo->front(), "Hugepagesize:", 0);
  }
  facts.ptrace_scope = read_ptrace_scope(look);
  if (!look.root.live()) return;  // a sysroot's /dev/shm lies on this machine's file system
  const Result<Space> shm = look.root.space("/dev/shm");
  if (shm) {
    facts.shm_total_kib = shm->total_kib;
    facts.shm_free_kib = shm->free_kib;
  }
}

void read_control_group(const Look& look, LimitsFacts& facts) {
  const auto text = look.root.text("/proc/self/cgroup");
  if (!text) return;
  const ControlGroups groups = parse_control_groups(*text);
  if (groups.unified) {
    facts.cgroup = groups.unified;
    facts.cgroup_memory_max = look.root.text("/sys/fs/cgroup" + *groups.unified + "/memory.max");
  }
  if (groups.devices) {
    facts.cgroup_devices =
        look.root.text("/sys/fs/cgroup/devices" + *groups.devices + "/devices.list");
  }
  if (!facts.cgroup) facts.cgroup = parse_systemd_cgroup(*text);
}

void read_own(const Look& look, LimitsFacts& facts) {
  if (!look.root.live()) return;  // these are this process's own
  facts.own_locked_memory = read_locked_memory(look, "self");
  const auto uid = uid_of(look, "/proc/self", 1);
  if (uid) facts.effective_uid = static_cast<int>(*uid);
  read_control_group(look, facts);
}

}  // namespace

void read_limits(const Look& look) {
  LimitsFacts facts;
  Telling<LimitsFacts> telling(look.out);
  look.out.doing("read limits of services", "/proc");
  read_services(look, facts);
  telling.so_far(facts);
  look.out.doing("read configured limits");
  read_units(look, facts);
  read_manager(look, facts);
  telling.so_far(facts);
  look.out.doing("read limits of sessions", "/etc");
  read_sessions(look, facts);
  telling.so_far(facts);
  look.out.doing("read memory and CPUs");
  read_memory(look, facts);
  read_container(look, facts);
  if (look.root.from_container()) facts.from_container = true;
  telling.so_far(facts);
  look.out.doing("read limits of this process", "/proc/self");
  read_own(look, facts);
  telling.all(facts);
}

}  // namespace efa
