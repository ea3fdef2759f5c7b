// Texts of procfs and sysfs about limits.
#pragma once

#include <optional>
#include <string_view>

#include "probes/limits/facts.h"

namespace efa {

// The row "Max locked memory         65536                65536                bytes"
std::optional<LockedMemory> parse_locked_memory(std::string_view limits);
// "0-95,128-223" -> 192
std::optional<int> parse_cpu_count(std::string_view online);
// The number of a row "Uid:\t0\t0\t0\t0" or "Hugepagesize:    2048 kB"; column 0 follows the name
std::optional<uint64_t> parse_row(std::string_view text, std::string_view name, size_t column);

}  // namespace efa
