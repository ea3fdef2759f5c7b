// Lists of hosts as Slurm writes and reads them: "p5-[001-003,007],login1". Interface:
// slurm.conf(5), "NodeName"; scontrol(1), "show hostnames" and "show hostlist".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/base/result.h"

namespace efa {

inline constexpr size_t kMostHosts = 10'000;

// In their order; an error of a text that is none, or has more.
Result<std::vector<std::string>> parse_host_list(std::string_view text);
// Names that differ in the number at their end alone are put together.
std::string host_list_of(std::vector<std::string> names);

}  // namespace efa
