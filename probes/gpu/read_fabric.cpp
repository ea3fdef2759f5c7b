// Fabric Manager by its process, its package and its log, and the NVIDIA driver that DKMS has
// installed. Interface: proc_pid_comm(5), dpkg's status file (deb-control(5)), dkms(8).

#include "probes/gpu/read_fabric.h"

#include <chrono>

#include "probes/base/text.h"
#include "probes/gpu/parse.h"

namespace efa {
namespace {

constexpr const char* kProc = "/proc";
constexpr const char* kFabricProcess = "nv-fabricmanage";  // the kernel keeps 15 characters
constexpr size_t kLargestStatus = size_t{32} * 1024 * 1024;
constexpr size_t kLargestFabricLog = size_t{8} * 1024 * 1024;
constexpr size_t kLongestVersion = 64;

// Its unit, with cgroup v2 and v1: without a look at each process.
bool has_unit_process(const Look& look) {
  for (const char* hierarchy : {"/sys/fs/cgroup", "/sys/fs/cgroup/systemd"}) {
    const auto processes = look.root.text(
        std::string(hierarchy) + "/system.slice/nvidia-fabricmanager.service/cgroup.procs");
    if (processes && !processes->empty()) return true;
  }
  return false;
}

// Of other processes not even the name is kept.
bool is_named_so(const Look& look, const std::string& process) {
  const auto names = look.root.read_lines(
      std::string(kProc) + "/" + process + "/comm",
      [](const std::string& name) { return name == kFabricProcess; }, Sysroot::kSmallFile);
  return names && is_one_of(kFabricProcess, *names);
}

// Where processes of others are hidden (hidepid of proc(5)), the first one is too.
Reading<bool> read_running(const Look& look) {
  if (has_unit_process(look)) return true;
  const auto processes = look.root.list(kProc, Sysroot::kManyProcesses);
  if (!processes) return Unseen{kProc, processes.error().what, processes.error().os_error};
  if (!is_one_of("1", *processes)) return Unseen{kProc, "processes of others do not show", 0};
  const auto now = std::chrono::steady_clock::now;
  const auto stop = now() + (look.deadline - now()) / 2;  // any user can start many processes
  for (const std::string& process : *processes) {
    if (now() >= stop) return Unseen{kProc, "there was no time for all processes", 0};
    if (parse_number<int>(process) && is_named_so(look, process)) return true;
  }
  return false;
}

Reading<std::vector<std::string>> read_packages(const Look& look) {
  FabricPackageLines wanted;
  const auto lines = look.root.read_lines(
      "/var/lib/dpkg/status", [&](const std::string& line) { return wanted.wants(line); },
      kLargestStatus);
  if (!lines) return reading_of<std::vector<std::string>>(lines.error());
  return parse_fabric_packages(*lines);
}

std::optional<std::string> read_refused(const Look& look) {
  const auto lines = look.root.read_lines(
      "/var/log/fabricmanager.log",
      [](std::string& line) {
        const auto driver = parse_refused_driver(line);
        if (driver) line = std::string(kRefusal) + *driver;  // nothing else of it is kept
        return driver.has_value();
      },
      kLargestFabricLog);
  return lines && !lines->empty() ? parse_refused_driver(lines->back()) : std::nullopt;
}

}  // namespace

void read_fabric_manager(const Look& look, FabricManager& manager) {
  look.out.doing("look for Fabric Manager", kProc);
  manager.running = read_running(look);
  manager.packages = read_packages(look);
  manager.refused = read_refused(look);
}

std::optional<std::string> read_nvidia_on_disk(const Look& look, const GpuFacts& facts) {
  if (!facts.kernel_release || look.root.exists("/run/nvidia/driver")) return std::nullopt;
  for (const char* name : {"nvidia", "nvidia-open", "nvidia-srv"}) {
    const auto target =
        look.root.link(std::string("/var/lib/dkms/") + name + "/kernel-" + *facts.kernel_release +
                       "-" + facts.architecture.value_or("x86_64"));
    auto version = target ? parse_dkms_target(*target) : std::nullopt;
    if (version && version->size() < kLongestVersion) return version;
  }
  return std::nullopt;
}

}  // namespace efa
