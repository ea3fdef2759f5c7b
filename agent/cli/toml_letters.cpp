#include "agent/cli/toml_letters.h"

#include <algorithm>
#include <utility>

namespace efa {
namespace {

// The quote that begins a string here, as it will end it; "" when none does.
std::string_view quote_at(std::string_view rest) {
  for (const std::string_view quote : {"\"\"\"", "'''", "\"", "'"}) {
    if (rest.starts_with(quote)) return quote;
  }
  return "";
}

}  // namespace

std::optional<size_t> foreign_letter(std::string_view toml) {
  std::string_view quote;  // of the string that we are in
  size_t line = 1;
  size_t i = toml.starts_with("\xEF\xBB\xBF") ? 3 : 0;  // a byte order mark
  while (i < toml.size()) {
    const std::string_view rest = toml.substr(i);
    const bool escape = quote.starts_with('"') && rest.front() == '\\' && !rest.starts_with("\\\n");
    if (rest.front() == '\n') {
      ++line;
      if (quote.size() == 1) quote = "";  // it was not closed: toml++ says so
    } else if (escape) {
      ++i;
    } else if (!quote.empty()) {
      if (rest.starts_with(quote)) i += std::exchange(quote, "").size() - 1;
    } else if (rest.front() == '#') {
      i += std::min(rest.find('\n'), rest.size()) - 1;
    } else if (!quote_at(rest).empty()) {
      quote = quote_at(rest);
      i += quote.size() - 1;
    } else if (static_cast<unsigned char>(rest.front()) >= 0x80) {
      return line;
    }
    ++i;
  }
  return std::nullopt;
}

}  // namespace efa
