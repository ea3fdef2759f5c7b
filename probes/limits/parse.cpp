#include "probes/limits/parse.h"

#include "probes/protocol/text.h"

namespace efa {

std::optional<LockedMemory> parse_locked_memory(std::string_view limits) {
  constexpr std::string_view kName = "Max locked memory";
  for (const std::string& line : split(limits, '\n')) {
    if (!line.starts_with(kName)) continue;
    const std::vector<std::string> columns = words(std::string_view(line).substr(kName.size()));
    if (columns.empty()) return std::nullopt;
    if (columns[0] == "unlimited") return LockedMemory{true, std::nullopt};
    const auto bytes = parse_number<uint64_t>(columns[0]);
    return bytes ? std::optional(LockedMemory{false, *bytes / 1024}) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<int> parse_cpu_count(std::string_view online) {
  constexpr int kMaxCpu = 65536;  // more than Linux supports
  int count = 0;
  for (const std::string& range : split(trim(online), ',')) {
    const size_t dash = range.find('-');
    const auto first = parse_number<int>(range.substr(0, dash));
    const auto last = dash == std::string::npos ? first : parse_number<int>(range.substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first || *last > kMaxCpu) return std::nullopt;
    count += *last - *first + 1;
  }
  return count;
}

std::optional<uint64_t> parse_row(std::string_view text, std::string_view name, size_t column) {
  for (const std::string& line : split(text, '\n')) {
    if (!line.starts_with(name)) continue;
    const std::vector<std::string> columns = words(std::string_view(line).substr(name.size()));
    return column < columns.size() ? parse_number<uint64_t>(columns[column]) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace efa
