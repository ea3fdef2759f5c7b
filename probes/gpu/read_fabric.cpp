// Fabric Manager by its process, its package and its log, and the NVIDIA driver that DKMS has
// installed. Interface: proc_pid_comm(5), dpkg's status file (deb-control(5)), dkms(8).

#include "probes/gpu/read_fabric.h"

#include "probes/base/text.h"
#include "probes/gpu/parse.h"
#include "probes/protocol/named_processes.h"

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

// probe-limits looks at the same names: a recording of before Fabric Manager was looked for would
// say of its facts that none runs.
Reading<bool> read_running(const Look& look) {
  if (has_unit_process(look)) return true;
  const auto is_wanted = [](int /*pid*/, const std::string& name) {
    return name == kFabricProcess;
  };
  const NamedProcesses named = named_processes(look, is_wanted, 1);
  if (!named.found.empty()) return true;
  if (named.unseen) return *named.unseen;
  if (!named.shows_first) return Unseen{kProc, "processes of others do not show", 0};
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

// By DKMS alone: modules.dep names no version, and nvidia.ko itself has tens of MB, compressed in
// many systems, which each pass would have to take apart.
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
