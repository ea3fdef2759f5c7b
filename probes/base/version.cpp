#include "probes/base/version.h"

#include <algorithm>

#include "probes/base/text.h"

namespace efa {

std::optional<Version> parse_version(std::string_view text) {
  Version version;
  size_t count = 0;
  while (count < version.numbers.size()) {
    const size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = parse_number<int>(text.substr(0, end));
    if (!number) break;
    version.numbers[count++] = *number;
    text.remove_prefix(end);
    const bool goes_on = text.size() > 1 && text[0] == '.' && text[1] >= '0' && text[1] <= '9';
    if (!goes_on || count == version.numbers.size()) break;
    text.remove_prefix(1);
  }
  if (count < 2) return std::nullopt;
  version.rest = text;
  return version;
}

}  // namespace efa
