// Where the EFA installer has its libraries: its release notes, and since 1.38 NCCL's plugin.
#pragma once

#include <string_view>

namespace efa {

inline constexpr std::string_view kInstallerFolder = "/opt/amazon/efa/";
inline constexpr const char* kInstallerLibraries[] = {"/opt/amazon/efa/lib64",
                                                      "/opt/amazon/efa/lib"};

// NCCL's plugin: the installer's, then as AWS's images had it before.
inline constexpr const char* kPluginLibraries[] = {
    "/opt/amazon/ofi-nccl/lib",
    "/opt/amazon/ofi-nccl/lib64",
    "/opt/amazon/ofi-nccl/lib/x86_64-linux-gnu",
    "/opt/amazon/ofi-nccl/lib/aarch64-linux-gnu",
    "/opt/aws-ofi-nccl/lib",
    "/opt/aws-ofi-nccl/lib64",
};
inline constexpr const char* kPluginTopologies[] = {"/opt/amazon/ofi-nccl/share/aws-ofi-nccl/xml",
                                                    "/opt/aws-ofi-nccl/share/aws-ofi-nccl/xml"};

}  // namespace efa
