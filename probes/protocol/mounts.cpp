#include "probes/protocol/mounts.h"

#include <algorithm>
#include <cstddef>

#include "probes/base/text.h"

namespace efa {
namespace {

constexpr size_t kLongestPath = 4096;                    // PATH_MAX of linux/limits.h
constexpr size_t kMountLines = size_t{4} * 1024 * 1024;  // of a node with many containers
constexpr size_t kEscape = 4;                            // "\040"

// ' ' of "\040...": so the kernel writes white space, '#' and the backslash itself.
std::optional<char> escaped_at_start(std::string_view text) {
  if (text.size() < kEscape || text.front() != '\\') return std::nullopt;
  const std::string_view digits = text.substr(1, kEscape - 1);
  if (digits.find_first_not_of("01234567") != std::string_view::npos) return std::nullopt;
  const auto byte = parse_number<unsigned char>(digits, 8);
  return byte && *byte != 0 ? std::optional(static_cast<char>(*byte)) : std::nullopt;
}

// In one pass: "\134040" is "\040". What is no escape stays as it is.
std::string without_escapes(std::string_view field) {
  std::string text;
  while (!field.empty()) {
    const auto escaped = escaped_at_start(field);
    text += escaped.value_or(field.front());
    field.remove_prefix(escaped ? kEscape : 1);
  }
  return text;
}

// Of "22 26 0:21 / /sys rw,relatime shared:7 - sysfs sysfs rw" what follows the hyphen.
void take_file_system(const std::vector<std::string>& fields, Mount& mount) {
  constexpr std::ptrdiff_t kFirst = 6;  // fields of which there may be any number
  constexpr std::ptrdiff_t kType = 1, kSource = 2, kOptions = 3;
  const auto hyphen = std::find(fields.begin() + kFirst, fields.end(), "-");
  if (fields.end() - hyphen <= kOptions) return;
  mount.type = hyphen[kType];
  mount.source = without_escapes(hyphen[kSource]);
  mount.options = hyphen[kOptions];
}

}  // namespace

std::optional<Mount> parse_mount(std::string_view line) {
  constexpr size_t kRoot = 3, kPoint = 4, kOptions = 5;
  const std::vector<std::string> fields = split(line, ' ');
  if (fields.size() <= kOptions) return std::nullopt;
  Mount mount;
  mount.root = without_escapes(fields[kRoot]);
  mount.point = without_escapes(fields[kPoint]);
  const bool is_path = mount.point.starts_with('/') && mount.point.size() < kLongestPath &&
                       mount.root.size() < kLongestPath;
  if (!is_path) return std::nullopt;
  mount.read_only = fields[kOptions] == "ro" || fields[kOptions].starts_with("ro,");
  take_file_system(fields, mount);
  return mount;
}

Result<std::vector<Mount>> read_mounts(const Sysroot& root,
                                       const std::function<bool(const Mount&)>& wanted) {
  const auto mount_of = [&](const std::string& line) {
    auto mount = parse_mount(line);
    return mount && wanted(*mount) ? mount : std::nullopt;
  };
  const auto lines = root.read_lines(
      "/proc/self/mountinfo", [&](const std::string& line) { return mount_of(line).has_value(); },
      kMountLines);
  if (!lines) return lines.error();
  std::vector<Mount> mounts;
  for (const std::string& line : *lines) {  // a recording holds lines
    if (auto mount = mount_of(line)) mounts.push_back(std::move(*mount));
  }
  return mounts;
}

}  // namespace efa
