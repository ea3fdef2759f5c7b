// Remedies that bring another driver, and which EFA installer a system takes. Interface: the EFA
// part of the EC2 User Guide, "Supported operating systems" and the release notes.
#pragma once

#include <optional>
#include <string>

#include "probes/judging/check.h"

namespace efa {

// What is replaced where a system does not take the newest.
inline constexpr const char* kNewestRelease = "aws-efa-installer-latest";
// Ends with a reboot: the modules that are loaded stay those of before. The folder is a new one.
inline constexpr const char* kNewestInstaller =
    "cd \"$(mktemp -d)\" && curl -fsSO "
    "https://efa-installer.amazonaws.com/aws-efa-installer-latest.tar.gz && tar -xf "
    "aws-efa-installer-latest.tar.gz && cd aws-efa-installer && sudo ./efa_installer.sh -y && "
    "sudo reboot";

// The last EFA installer for a system that later ones do not support.
struct LastInstaller {
  const char* system;  // as PRETTY_NAME of os-release(5) begins
  const char* release;
  const char* efa;  // the driver that it brings
};
// Nothing where the newest supports it, or no source tells.
std::optional<LastInstaller> last_installer_for(const std::string& os);
// Its EFA installer runs with --skip-kmod: the driver is that of SUSE's own kernel.
bool is_suse(const std::string& os);
// The efa that an installer brings to that system, at most; nothing where it brings none.
std::optional<std::string> newest_efa_for(const std::string& os);

bool runs_installer(const ShellCommand& command);
// Makes of a finding's remedy what it is on that system. `judges_own`: its judge gave a command
// that runs no installer.
void fit_installer(const std::string& os, bool judges_own, Finding& finding);

inline constexpr const char* kAskForEfa =
    "EKS Auto Mode attaches EFA interfaces to nodes that it launches for pods which request "
    "vpc.amazonaws.com/efa, and to no other: schedule such pods, or say expect = \"none\" in "
    "config.toml.";
inline constexpr const char* kNewerBottlerocket =
    "Drain the node and replace it by one of a newer Bottlerocket image: the driver is part of it.";
inline constexpr const char* kSusesOwnDriver =
    "Drain the node and boot a kernel of SUSE's own whose efa knows the device, in the image too: "
    "the EFA installer has no driver for SUSE and runs with --skip-kmod there.";
inline constexpr const char* kNoGpusOnSuse =
    "AWS does not support GPUDirect RDMA on SUSE, and the EFA installer has no driver for it: run "
    "such jobs on nodes of another system.";

}  // namespace efa
