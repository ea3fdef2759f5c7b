// Of a job's environment only named settings of the communication libraries are kept, and of their
// values only what has the shape that such a setting has: an environment holds secrets, and what
// is kept leaves the node. Meaning of the settings: fi_efa(7), fi_provider(7), NCCL's and
// aws-ofi-nccl's documentation, ompi_info(1), ld.so(8).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace efa {

// What stands in the place of a value that has not its shape.
inline constexpr std::string_view kNotKept = "(set, not kept)";
// What stands in the place of a part of a list that is not known.
inline constexpr std::string_view kOtherPart = "other";

// "FI_EFA_FORK_SAFE=1" -> the same; "LD_LIBRARY_PATH=/opt/amazon/efa/lib:/home/me/lib" ->
// "LD_LIBRARY_PATH=/opt/amazon/efa/lib:other"; "NCCL_COMM_ID=10.0.0.1:7" ->
// "NCCL_COMM_ID=(set, not kept)"; nothing for a variable that is not on the list.
std::optional<std::string> kept_setting(std::string_view variable);

// "FI_EFA_FORK_SAFE=1" -> "FI_EFA_FORK_SAFE"
std::string_view name_of_setting(std::string_view variable);

// Whether one of them says that EFA, or libfabric, is to be used or not: "FI_PROVIDER=efa".
bool any_is_for_efa(const std::vector<std::string>& settings);

// libfabric or libibverbs of a line of /proc/<pid>/maps, in a directory that is told as those of
// LD_LIBRARY_PATH are; a copy that a Python package brings has letters of its own in the name:
//   "7f1c8000-7f1d0000 r-xp 00002000 103:01 4711   /x/nixl.libs/libfabric-8d0c2f.so.1.27.0" ->
//   "other/libfabric.so.1.27.0"
std::optional<std::string> mapped_library(std::string_view line);

// What is told of a directory: "/opt/amazon/efa/lib" -> the same, "/opt/acme/lib" -> "/opt/...",
// "/home/me/lib" -> "other".
std::string told_directory(std::string_view path);

// The file name of an executable, when it looks like one: letters, digits and "._+-", at most 32.
std::optional<std::string> program_name(std::string_view path);

}  // namespace efa
