// Files of the NVIDIA driver and of sysfs about accelerators. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/gpu/facts.h"
#include "probes/protocol/mounts.h"

namespace efa {

enum class AcceleratorKind { kNone, kNvidia, kNeuron, kEfa, kNvlink };

// By its numbers: vendor, device, and of an NVIDIA function the class (24 bits).
AcceleratorKind kind_of_accelerator(uint32_t vendor, uint32_t device, uint32_t class_code);

struct NvidiaDriver {
  std::string version;       // "580.65.06"
  bool open = false;         // the open kernel modules
  std::string architecture;  // "x86_64"; "" where the line names none
};

// "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (root@host)"
// or "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024",
// the first line of /proc/driver/nvidia/version. Nothing of another.
std::optional<NvidiaDriver> parse_nvidia_driver(std::string_view text);

// "POE" of /sys/module/nvidia/taint: P is proprietary, O out of the kernel's tree. Nothing of a
// text without O: then it is no list of flags.
std::optional<bool> parse_open_taint(std::string_view taint);

// Of /proc/driver/nvidia/params, "GrdmaPciTopoCheckOverride: 1" a line: the lines that are parsed.
bool is_wanted_parameter(std::string_view line);
// The same without what else RegistryDwords holds, which is anybody's text.
std::string wanted_of_parameter(std::string_view line);
NvidiaParameters parse_nvidia_parameters(const std::vector<std::string>& lines);

// "../../../devices/pci0000:44/0000:44:00.0/0000:53:00.0", where sysfs links to a function, ->
// "pci0000:44/0000:44:00.0/0000:53:00.0"
std::optional<std::string> parse_device_path(std::string_view target);
// Both below one bridge (not only below one root bus, which on many types is that of all). What the
// last bridge is differs on types where each device has a port of its own.
bool share_a_bridge(std::string_view one, std::string_view other);
// "pci0000:44" of a path
std::string_view root_of(std::string_view path);

// "580.95.05" of "580.95.05-0ubuntu1" or "1:535.183.01": a package's version without its packaging.
std::string_view without_packaging(std::string_view version);

// Of /var/lib/dpkg/status, line by line, those of the packages of Fabric Manager; not of its -dev.
class FabricPackageLines {
 public:
  bool wants(std::string_view line);

 private:
  bool in_package_ = false;
};
// The versions of those that are installed.
std::vector<std::string> parse_fabric_packages(const std::vector<std::string>& lines);

// "580.95.05" of "[ERROR] ... NVIDIA GPU driver interface version 580.82.07 don't match with driver
// version 580.95.05. Please update", a line of Fabric Manager's log
inline constexpr std::string_view kRefusal = "don't match with driver version ";
std::optional<std::string> parse_refused_driver(std::string_view line);

// "580.95.05" of "580.95.05/6.1.0-40-amd64/x86_64", where DKMS links to what it has installed
std::optional<std::string> parse_dkms_target(std::string_view target);

// "Built for NVIDIA driver flavor: opensource" of /proc/driver/gdrdrv/params; or "proprietary"
std::optional<bool> parse_gdrdrv_flavour(std::string_view params);

// Whether something lies over the driver's folder /proc/driver/nvidia, or over a part of it.
bool covers_nvidia(const Mount& mount);

}  // namespace efa
