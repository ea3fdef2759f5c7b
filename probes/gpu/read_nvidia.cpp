// What NVIDIA's driver shows in /proc/driver/nvidia. Interface: nv-procfs.c of
// NVIDIA/open-gpu-kernel-modules.

#include "probes/gpu/read_nvidia.h"

#include "probes/base/bounds.h"
#include "probes/base/version.h"
#include "probes/gpu/parse.h"

namespace efa {
namespace {

constexpr const char* kNvidia = "/proc/driver/nvidia";

// The line of the driver itself, else how the kernel was tainted when it was loaded.
void read_nvidia_driver(const Look& look, GpuFacts& facts) {
  const std::string path = std::string(kNvidia) + "/version";
  const Result<std::string> text = look.root.read(path);
  if (const auto driver = text ? parse_nvidia_driver(*text) : std::nullopt) {
    facts.nvidia_open = driver->open;
    if (!driver->architecture.empty()) facts.architecture = driver->architecture;
    if (!facts.modules.nvidia || !parse_version(*facts.modules.nvidia)) {
      facts.modules.nvidia = driver->version;
    }
    return;
  }
  const auto taint = look.root.text("/sys/module/nvidia/taint");
  const auto open = taint ? parse_open_taint(*taint) : std::nullopt;
  if (open) {
    facts.nvidia_open = *open;
  } else {
    facts.nvidia_open =
        Unseen{path, text ? "is malformed" : text.error().what, text ? 0 : text.error().os_error};
  }
}

void read_parameters(const Look& look, GpuFacts& facts) {
  const auto keep = [](std::string& line) {
    const bool wanted = is_wanted_parameter(line);
    if (wanted) line = wanted_of_parameter(line);
    return wanted;
  };
  const std::string path = std::string(kNvidia) + "/params";
  const auto lines = look.root.read_lines(path, keep, Sysroot::kSmallFile);
  if (!lines) {
    facts.parameters = reading_of<NvidiaParameters>(lines.error());
  } else if (lines->empty()) {  // every release writes RegistryDwords
    facts.parameters = Unseen{path, "is malformed"};
  } else {
    facts.parameters = parse_nvidia_parameters(*lines);
  }
}

// Of any of them: a machine has GPUs of one kind.
Reading<bool> read_coherent(const Look& look, const std::vector<PciAddress>& gpus) {
  Reading<bool> coherent = false;
  for (const PciAddress& gpu : gpus) {
    const Result<FileStatus> status =
        look.root.status(std::string(kNvidia) + "/gpus/" + gpu.to_text() + "/numa_status");
    if (status) return true;
    if (status.error().kind != ErrorKind::kNotFound) coherent = reading_of<bool>(status.error());
  }
  return coherent;
}

void read_claimed(const Look& look, GpuFacts& facts) {
  const Result<std::vector<std::string>> names = look.root.list(std::string(kNvidia) + "/gpus");
  if (!names) {
    facts.claimed = reading_of<std::vector<PciAddress>>(names.error());
    return;
  }
  std::vector<PciAddress> claimed;
  for (const std::string& name : *names) {
    const auto address = PciAddress::from_text(name);
    if (address && claimed.size() < kMaxDevices) claimed.push_back(*address);
  }
  facts.coherent = read_coherent(look, claimed);
  facts.claimed = std::move(claimed);
}

// nvidia-container-toolkit shows a container a folder of its own, with the GPUs that it may use.
void read_covered(const Look& look, GpuFacts& facts) {
  const auto mounts = read_mounts(look.root, covers_nvidia);
  if (mounts) {
    facts.covered = !mounts->empty();
  } else {
    facts.covered = reading_of<bool>(mounts.error());
  }
}

}  // namespace

void read_nvidia(const Look& look, GpuFacts& facts) {
  look.out.doing("read the NVIDIA driver's files", kNvidia);
  read_nvidia_driver(look, facts);
  read_parameters(look, facts);
  read_claimed(look, facts);
  read_covered(look, facts);
}

}  // namespace efa
