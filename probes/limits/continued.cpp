#include "probes/limits/continued.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "probes/base/text.h"

namespace efa {
namespace {

// An even number of backslashes are escaped ones.
bool goes_on(std::string_view text) {
  const size_t last = text.find_last_not_of('\\');
  const size_t others = last == std::string_view::npos ? 0 : last + 1;
  return (text.size() - others) % 2 == 1;
}

std::string_view without_mark(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

}  // namespace

JoinLines systemd_lines() {
  return [begun = std::string()](const std::string& line) mutable -> std::optional<std::string> {
    std::string_view text = without_mark(line);
    if (text.ends_with('\r')) text.remove_suffix(1);
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r"), text.size()));
    if (text.starts_with('#') || text.starts_with(';')) return std::nullopt;
    begun += text;
    if (!goes_on(text)) return std::exchange(begun, {});
    begun.back() = ' ';
    return std::nullopt;
  };
}

JoinLines pam_lines() {
  return [begun = std::string()](const std::string& line) mutable -> std::optional<std::string> {
    const size_t comment = line.find('#');
    const std::string_view text = trim(std::string_view(line).substr(0, comment));
    if (text.empty()) return std::nullopt;
    begun += text;
    if (comment != std::string::npos || !text.ends_with('\\')) return std::exchange(begun, {});
    begun.back() = ' ';
    return std::nullopt;
  };
}

Sysroot::KeepLine keep_whole(JoinLines join, Sysroot::KeepLine keep) {
  return [join = std::move(join), keep = std::move(keep)](std::string& line) {
    auto whole = join(line);
    if (!whole || whole->empty()) return false;
    line = std::move(*whole);
    return keep(line);
  };
}

}  // namespace efa
