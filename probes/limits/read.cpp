// probe-limits: looks at /proc/<pid>/limits of the services that start jobs, at what is configured
// for them, and at huge pages, shared memory, Yama and the control group.
// Interface: proc_pid_limits(5), limits.conf(5), systemd-system.conf(5), hugetlbpage, cgroups(7).

#include <algorithm>
#include <chrono>
#include <map>

#include "probes/limits/facts.h"
#include "probes/limits/parse.h"
#include "probes/protocol/probe_main.h"
#include "probes/protocol/text.h"

namespace efa {
namespace {

// They hand their limits on to jobs; a user's shell gets its own from sshd.
bool starts_jobs(const std::string& command) {
  constexpr const char* kServices[] = {"slurmd", "slurmstepd", "containerd", "dockerd",
                                       "crio",   "kubelet",    "sshd",       "pbs_mom"};
  return std::any_of(std::begin(kServices), std::end(kServices),
                     [&](const char* service) { return command == service; });
}

std::optional<LockedMemory> read_locked_memory(const Look& look, const std::string& process) {
  const auto limits = look.root.text("/proc/" + process + "/limits");
  return limits ? parse_locked_memory(*limits) : std::nullopt;
}

// Of other processes not even the name is kept: it is any text that they choose. So is a service's
// that is none of root's.
std::optional<std::string> read_service(const Look& look, int pid) {
  const std::string process = "/proc/" + std::to_string(pid);
  const auto names = look.root.read_lines(
      process + "/comm", [&](const std::string& name) { return pid == 1 || starts_jobs(name); },
      Sysroot::kSmallFile);
  if (!names || names->empty()) return std::nullopt;
  const auto users = look.root.read_lines(
      process + "/status", [](const std::string& line) { return line.starts_with("Uid:"); },
      Sysroot::kSmallFile);
  const bool known = users && !users->empty();
  if (known && parse_row(users->front(), "Uid:", 1).value_or(0) != 0) return std::nullopt;
  return names->front();
}

void read_services(const Look& look, LimitsFacts& facts) {
  const auto processes = look.root.list("/proc", Sysroot::kManyProcesses);
  if (!processes) {
    facts.unseen.push_back({"/proc", processes.error().what, processes.error().os_error});
    return;
  }
  std::map<std::string, int> seen;
  const auto now = std::chrono::steady_clock::now;
  const auto stop = now() + (look.deadline - now()) / 2;  // any user can start many processes
  for (const std::string& process : *processes) {
    if (now() >= stop) {
      facts.unseen.push_back({"/proc", "there was no time for all processes", 0});
      break;
    }
    const auto pid = parse_number<int>(process);
    if (!pid) continue;
    const auto command = read_service(look, *pid);
    if (!command || seen[*command]++ > 0) continue;  // one sshd speaks for all
    facts.services.push_back({*command, *pid, read_locked_memory(look, process)});
  }
}

void read_configured(const Look& look, LimitsFacts& facts) {
  const auto keep = [](const std::string& line) {
    const std::vector<std::string> fields = words(line);
    const bool limit = fields.size() == 4 && fields[2] == "memlock";
    return !fields.empty() && fields[0][0] != '#' &&
           (limit || line.starts_with("DefaultLimitMEMLOCK"));
  };
  const auto read = [&](const std::string& path) {
    const auto lines = look.root.read_lines(path, keep, Sysroot::kSmallFile);
    if (!lines) return;
    for (const std::string& line : *lines) facts.configured.push_back(path + ": " + line);
  };
  const auto read_directory = [&](const std::string& directory) {
    const auto files = look.root.list(directory);
    if (!files) return;
    for (const std::string& file : *files) {
      if (file.ends_with(".conf")) read(directory + "/" + file);
    }
  };
  read("/etc/security/limits.conf");
  read_directory("/etc/security/limits.d");
  read("/etc/systemd/system.conf");
  read_directory("/etc/systemd/system.conf.d");
}

template <class Number>
std::optional<Number> read_number(const Look& look, const std::string& path) {
  const auto text = look.root.text(path);
  return text ? parse_number<Number>(*text) : std::nullopt;
}

void read_memory(const Look& look, LimitsFacts& facts) {
  const auto online = look.root.text("/sys/devices/system/cpu/online");
  if (online) facts.cpus = parse_cpu_count(*online);
  const std::string pages = "/sys/kernel/mm/hugepages/hugepages-2048kB/";
  facts.hugepages_2m = read_number<uint64_t>(look, pages + "nr_hugepages");
  facts.hugepages_2m_free = read_number<uint64_t>(look, pages + "free_hugepages");
  const auto meminfo = look.root.read_lines(
      "/proc/meminfo", [](const std::string& line) { return line.starts_with("Hugepagesize:"); },
      Sysroot::kSmallFile);
  if (meminfo && !meminfo->empty()) {
    facts.hugepage_size_kib = parse_row(meminfo->front(), "Hugepagesize:", 0);
  }
  facts.ptrace_scope = read_number<int>(look, "/proc/sys/kernel/yama/ptrace_scope");
  if (!look.root.live()) return;  // a sysroot's /dev/shm lies on this machine's file system
  const Result<Space> shm = look.root.space("/dev/shm");
  if (shm) {
    facts.shm_total_kib = shm->total_kib;
    facts.shm_free_kib = shm->free_kib;
  }
}

std::optional<std::string> read_container(const Look& look) {
  if (look.root.exists("/.dockerenv")) return "docker";
  if (look.root.exists("/run/.containerenv")) return "podman";
  auto manager = look.root.text("/run/systemd/container");  // written by systemd-nspawn, lxc
  if (manager && !manager->empty()) return manager;
  if (look.root.exists("/var/run/secrets/kubernetes.io")) return "kubernetes";
  return std::nullopt;
}

// "0::/system.slice/slurmd.service" of cgroup v2, "5:devices:/docker/..." of v1
void read_control_group(const Look& look, LimitsFacts& facts) {
  const auto text = look.root.text("/proc/self/cgroup");
  if (!text) return;
  for (const std::string& line : split(*text, '\n')) {
    const std::vector<std::string> fields = split(line, ':');
    if (fields.size() != 3) continue;
    if (fields[0] == "0") {
      facts.cgroup = fields[2];
      facts.cgroup_memory_max = look.root.text("/sys/fs/cgroup" + fields[2] + "/memory.max");
    } else if (fields[1] == "devices") {
      facts.cgroup_devices = look.root.text("/sys/fs/cgroup/devices" + fields[2] + "/devices.list");
    }
  }
}

void read_own(const Look& look, LimitsFacts& facts) {
  if (!look.root.live()) return;  // these are this process's own
  facts.own_locked_memory = read_locked_memory(look, "self");
  const auto status = look.root.read_lines(
      "/proc/self/status", [](const std::string& line) { return line.starts_with("Uid:"); },
      Sysroot::kSmallFile);
  if (status && !status->empty()) {
    const auto uid = parse_row(status->front(), "Uid:", 1);  // real, effective, saved, file system
    if (uid) facts.effective_uid = static_cast<int>(*uid);
  }
  read_control_group(look, facts);
}

void read_limits(const Look& look) {
  LimitsFacts facts;
  look.out.doing("read limits of services", "/proc");
  read_services(look, facts);
  look.out.doing("read configured limits");
  read_configured(look, facts);
  read_memory(look, facts);
  facts.container = read_container(look);
  read_own(look, facts);
  look.out.all(facts);
}

}  // namespace
}  // namespace efa

int main(int argc, char** argv) {
  return efa::probe_main(argc, argv, efa::read_limits);
}
