#include "probes/limits/parse.h"

#include <algorithm>

#include "probes/base/text.h"
#include "probes/base/value.h"
#include "probes/limits/memlock.h"

namespace efa {
namespace {

// The words of a PAM line; "[success=1 default=ignore]" is one, which is given without brackets.
std::optional<std::vector<std::string>> pam_words(std::string_view line) {
  std::vector<std::string> found;
  for (line = trim(line); !line.empty(); line = trim(line)) {
    const bool bracket = line.front() == '[';
    if (bracket) line.remove_prefix(1);
    const size_t end = line.find_first_of(bracket ? "]" : " \t");
    if (bracket && end == std::string_view::npos) return std::nullopt;
    found.emplace_back(line.substr(0, end));
    line.remove_prefix(std::min(bracket ? end + 1 : end, line.size()));
  }
  return found;
}

constexpr std::string_view kSshdWhite = " \t\r\n";

std::string_view without_white(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kSshdWhite), text.size()));
}

// Takes the first argument off: quotes of both kinds, and a backslash before one, another or a
// space.
std::optional<std::string> take_argument(std::string_view& text) {
  std::string argument;
  char quote = '\0';
  size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (c == '\\' &&
        (next == '\'' || next == '"' || next == '\\' || (next == ' ' && quote == '\0'))) {
      argument += next;
      ++i;
    } else if (quote == '\0' && (c == ' ' || c == '\t')) {
      break;
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else if (quote != '\0' && c == quote) {
      quote = '\0';
    } else {
      argument += c;
    }
  }
  text.remove_prefix(i);
  return quote == '\0' ? std::optional(argument) : std::nullopt;
}

}  // namespace

bool same_but_case(std::string_view one, std::string_view other) {
  return lower_case(one) == lower_case(other);
}

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
  if (fields.size() < 4 || lower_case(fields[2]) != "memlock") return std::nullopt;
  return PamLimit{source, fields[0], lower_case(fields[1]), lower_case(fields[3])};
}

std::optional<PamLine> parse_pam_line(std::string_view line) {
  const auto parts = pam_words(line.substr(0, line.find('#')));
  if (!parts) return std::nullopt;
  const std::vector<std::string>& fields = *parts;
  if (fields.size() == 2 && fields[0] == "@include") return PamLine{"", fields[1], ""};
  if (fields.size() < 3) return std::nullopt;
  const std::string kind = lower_case(fields[0].substr(fields[0].starts_with('-') ? 1 : 0));
  if (kind != "session") return std::nullopt;
  const std::string control = lower_case(fields[1]);
  if (control == "include" || control == "substack") return PamLine{"", fields[2], ""};
  PamLine parsed{base_name(fields[2]), "", ""};
  for (size_t i = 3; i < fields.size(); ++i) {
    if (fields[i].starts_with("conf=")) parsed.conf = fields[i].substr(5);
  }
  return parsed;
}

std::optional<SshdLine> parse_sshd_line(std::string_view line) {
  line = without_white(trim_end(line));
  const bool quoted = line.starts_with('"');
  if (quoted) line.remove_prefix(1);
  const size_t end = line.find_first_of(quoted ? "\"" : " \t\r\"=");
  if (line.starts_with('#') || end == std::string_view::npos) return std::nullopt;
  SshdLine parsed{lower_case(line.substr(0, end)), {}};
  const bool equals = line[end] == '=';
  if (line[end] == '"' && !quoted) return std::nullopt;  // sshd takes UsePAM"yes" for one word
  line = without_white(line.substr(end + 1));
  if (!quoted && !equals && line.starts_with('=')) line = without_white(line.substr(1));
  while (!(line = without_white(line)).empty() && line.front() != '#') {
    auto argument = take_argument(line);
    if (!argument) return std::nullopt;
    parsed.arguments.push_back(std::move(*argument));
  }
  return parsed.arguments.empty() ? std::nullopt : std::optional(std::move(parsed));
}

std::optional<std::string> parse_slurm_value(std::string_view line, std::string_view name) {
  const std::string_view text = trim(line.substr(0, line.find('#')));
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  if (!same_but_case(trim(text.substr(0, equals)), name)) return std::nullopt;
  return std::string(trim(text.substr(equals + 1)));
}

std::optional<bool> has_capability(std::string_view line, unsigned capability) {
  const size_t colon = line.find(':');
  if (!line.starts_with("Cap") || colon == std::string_view::npos) return std::nullopt;
  const auto bits = parse_number<uint64_t>(line.substr(colon + 1), 16);
  return bits && capability < 64 ? std::optional((*bits >> capability & 1U) != 0) : std::nullopt;
}

std::optional<bool> has_all_capabilities(std::string_view line, unsigned last) {
  std::optional<bool> all = true;
  for (unsigned capability = 0; capability <= last && all == true; ++capability) {
    all = has_capability(line, capability);
  }
  return all;
}

std::optional<LockedMemory> parse_docker_memlock(std::string_view json) {
  const Result<Value> config = parse_json(json, "daemon.json");
  const Value* limits = config ? config->find("default-ulimits") : nullptr;
  const Value* memlock = limits == nullptr ? nullptr : limits->find("memlock");
  if (memlock == nullptr) return std::nullopt;
  const auto half = [&](const char* name) {
    const Value* value = memlock->find(name);
    const auto* bytes = value == nullptr ? nullptr : value->as<int64_t>();
    if (bytes == nullptr) return std::string("?");
    return *bytes < 0 ? std::string("infinity") : std::to_string(*bytes);
  };
  return parse_unit_limit(half("Soft") + ":" + half("Hard"));
}

std::vector<std::string> drop_in_names(const std::vector<std::string>& units) {
  std::vector<std::string> names;
  for (const std::string& unit : units) {
    names.push_back(unit + ".d");
    std::string prefix = unit.substr(0, unit.rfind('.'));
    for (size_t dash = 0; (dash = prefix.rfind('-')) != std::string::npos && dash > 0;) {
      prefix.resize(dash);
      names.push_back(prefix + "-.service.d");
    }
  }
  names.emplace_back("service.d");
  return names;
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
