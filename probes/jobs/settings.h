// Of a job's environment only named settings of the communication libraries are kept, and of their
// values only what has the shape that such a setting has: an environment holds secrets, and what
// is kept leaves the node. Meaning of the settings: fi_efa(7), fi_provider(7), NCCL's and
// aws-ofi-nccl's documentation, ompi_info(1), ld.so(8).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace efa {

// What stands in the place of a value that has not its shape.
inline constexpr std::string_view kNotKept = "(set, not kept)";

// "FI_EFA_FORK_SAFE=1" -> the same; "LD_LIBRARY_PATH=/opt/amazon/efa/lib:/home/me/lib" ->
// "LD_LIBRARY_PATH=/opt/amazon/efa/lib:other"; "NCCL_COMM_ID=10.0.0.1:7" ->
// "NCCL_COMM_ID=(set, not kept)"; nothing for a variable that is not on the list.
std::optional<std::string> kept_setting(std::string_view variable);

// "FI_EFA_FORK_SAFE=1" -> "FI_EFA_FORK_SAFE"
std::string_view name_of_setting(std::string_view variable);

// The file name of an executable, when it looks like one: letters, digits and "._+-", at most 32.
std::optional<std::string> program_name(std::string_view path);

}  // namespace efa
