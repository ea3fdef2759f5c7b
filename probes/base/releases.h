// Releases of libraries by the names of their files.
//   LF   ofiwg/libfabric: Makefile.am (-version-info) and configure.ac of all tags v1.11.0 to
//   v2.6.0 RC   linux-rdma/rdma-core: rdma_library() in buildlib/rdma_functions.cmake
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace efa {

struct Release {
  int major = 0;
  int minor = 0;
  auto operator<=>(const Release&) const = default;  // NOLINT(modernize-use-nullptr)
};

// "/opt/amazon/efa/lib/libfabric.so.1.29.1" -> 2.3; nothing of a name without its numbers, and of
// one before 1.11 (LF)
std::optional<Release> libfabric_release(std::string_view path);
// "/usr/lib64/libibverbs.so.1.14.57.0" -> 57: the ABI, then the version of rdma-core (RC); of
// libefa likewise
std::optional<int> rdma_core_version(std::string_view path);
// The one of such a name; nothing when there is none, or several.
std::optional<std::string> only_library(const std::vector<std::string>& paths,
                                        std::string_view name);

}  // namespace efa
