#include "probes/base/bounds.h"

#include <algorithm>

namespace efa {

std::string cut(std::string text, size_t limit) {
  constexpr std::string_view kCut = "... [cut]";
  if (text.size() <= limit) return text;
  size_t end = limit - std::min(limit, kCut.size());
  const auto continues = [&](size_t i) {  // a byte inside of a character, RFC 3629
    return (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80;
  };
  while (end > 0 && continues(end)) --end;
  text.resize(end);
  return text.append(kCut);
}

std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace efa
