// Remedies that bring another driver.
#pragma once

namespace efa {

// Ends with a reboot: the modules that are loaded stay those of before. The folder is a new one.
inline constexpr const char* kNewestInstaller =
    "cd \"$(mktemp -d)\" && curl -fsSO "
    "https://efa-installer.amazonaws.com/aws-efa-installer-latest.tar.gz && tar -xf "
    "aws-efa-installer-latest.tar.gz && cd aws-efa-installer && sudo ./efa_installer.sh -y && "
    "sudo reboot";

inline constexpr const char* kAskForEfa =
    "EKS Auto Mode attaches EFA interfaces to nodes that it launches for pods which request "
    "vpc.amazonaws.com/efa, and to no other: schedule such pods, or say expect = \"none\" in "
    "config.toml.";
inline constexpr const char* kNewerBottlerocket =
    "Drain the node and replace it by one of a newer Bottlerocket image: the driver is part of it.";

}  // namespace efa
