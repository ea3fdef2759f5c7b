#include "probes/limits/parse.h"

#include <algorithm>
#include <cctype>

#include "probes/protocol/text.h"

namespace efa {

namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool same_but_case(std::string_view one, std::string_view other) {
  return lower(std::string(one)) == lower(std::string(other));
}

}  // namespace

std::optional<LockedMemory> parse_locked_memory(std::string_view limits) {
  constexpr std::string_view kName = "Max locked memory";
  for (const std::string& line : split(limits, '\n')) {
    if (!line.starts_with(kName)) continue;
    const std::vector<std::string> columns = words(std::string_view(line).substr(kName.size()));
    if (columns.empty()) return std::nullopt;
    LockedMemory memory;
    memory.unlimited = columns[0] == "unlimited";
    const auto soft = parse_number<uint64_t>(columns[0]);
    if (!memory.unlimited && !soft) return std::nullopt;
    if (soft) memory.soft_kib = *soft / 1024;
    if (columns.size() < 2) return memory;
    const auto hard = parse_number<uint64_t>(columns[1]);
    if (columns[1] == "unlimited" || hard) memory.hard_unlimited = !hard.has_value();
    if (hard) memory.hard_kib = *hard / 1024;
    return memory;
  }
  return std::nullopt;
}

std::vector<std::string> parse_settings(const std::vector<std::string>& lines,
                                        std::string_view section, std::string_view name) {
  std::vector<std::string> values;
  bool inside = false;
  for (const std::string& line : lines) {
    const std::string_view text = trim(line);
    if (text.starts_with('[')) inside = text == section;
    const size_t equals = text.find('=');
    if (!inside || equals == std::string_view::npos) continue;
    if (trim(text.substr(0, equals)) == name) {
      values.emplace_back(trim(text.substr(equals + 1)));
    }
  }
  return values;
}

std::optional<PamLimit> parse_pam_limit(std::string_view line, const std::string& source) {
  const std::vector<std::string> fields = words(line.substr(0, line.find('#')));
  if (fields.size() != 4 || lower(fields[2]) != "memlock") return std::nullopt;
  return PamLimit{source, fields[0], lower(fields[1]), lower(fields[3])};
}

std::optional<PamLine> parse_pam_line(std::string_view line) {
  std::vector<std::string> fields = words(line.substr(0, line.find('#')));
  if (fields.size() == 2 && fields[0] == "@include") return PamLine{"", fields[1], ""};
  if (fields.size() < 3) return std::nullopt;
  const std::string kind = lower(fields[0].substr(fields[0].starts_with('-') ? 1 : 0));
  if (kind != "session") return std::nullopt;
  size_t next = 1;  // "[success=ok default=ignore]" is one control of several words
  if (fields[1].starts_with('[')) {
    while (next < fields.size() && !fields[next].ends_with(']')) ++next;
  }
  if (++next >= fields.size()) return std::nullopt;
  const std::string control = lower(fields[1]);
  if (control == "include" || control == "substack") return PamLine{"", fields[next], ""};
  PamLine parsed{base_name(fields[next]), "", ""};
  for (size_t i = next + 1; i < fields.size(); ++i) {
    if (fields[i].starts_with("conf=")) parsed.conf = fields[i].substr(5);
  }
  return parsed;
}

std::optional<std::string> parse_slurm_value(std::string_view line, std::string_view name) {
  const std::string_view text = trim(line.substr(0, line.find('#')));
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  if (!same_but_case(trim(text.substr(0, equals)), name)) return std::nullopt;
  return std::string(trim(text.substr(equals + 1)));
}

std::optional<std::string> parse_systemd_cgroup(std::string_view text) {
  std::optional<std::string> found;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> fields = split(line, ':');
    if (fields.size() < 3) continue;
    // "1:name=systemd:/..." tells it where cgroup v1 is mounted too
    if (fields[1] == "name=systemd") return fields[2];
    if (fields[0] == "0") found = fields[2];
  }
  return found;
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
