#include "agent/cli/toml_bounds.h"

#include <algorithm>

namespace efa {
namespace {

constexpr size_t kMaxDots = 16;  // a key of ours has one

// The quote that begins a string here, as it will end it; "" when none does.
std::string_view quote_at(std::string_view rest) {
  for (const std::string_view quote : {"\"\"\"", "'''", "\"", "'"}) {
    if (rest.starts_with(quote)) return quote;
  }
  return "";
}

// How long the end of a string is here; 0: it does not end. Quotes that stand before those three
// that end a string of several lines are of it.
size_t end_of_string(std::string_view rest, std::string_view quote) {
  if (!rest.starts_with(quote)) return 0;
  const size_t same = std::min(rest.find_first_not_of(quote.front()), rest.size());
  return quote.size() == 1 ? 1 : std::min(same, size_t{5});
}

}  // namespace

std::optional<RefusedLine> refused_line(std::string_view toml) {
  std::string_view quote;  // of the string that we are in
  size_t line = 1;
  size_t dots = 0;                                      // of this line
  size_t i = toml.starts_with("\xEF\xBB\xBF") ? 3 : 0;  // a byte order mark
  while (i < toml.size()) {
    const std::string_view rest = toml.substr(i);
    const bool escape = quote.starts_with('"') && rest.front() == '\\' && !rest.starts_with("\\\n");
    if (rest.front() == '\n') {
      ++line;
      dots = 0;
      if (quote.size() == 1) quote = "";  // it was not closed: toml++ says so
    } else if (escape) {
      ++i;
    } else if (!quote.empty()) {
      const size_t end = end_of_string(rest, quote);
      if (end > 0) {
        quote = "";
        i += end - 1;
      }
    } else if (rest.front() == '#') {
      i += std::min(rest.find('\n'), rest.size()) - 1;
    } else if (!quote_at(rest).empty()) {
      quote = quote_at(rest);
      i += quote.size() - 1;
    } else if (static_cast<unsigned char>(rest.front()) >= 0x80) {
      return RefusedLine{line, "only strings and comments may hold letters that are not ASCII"};
    } else if (rest.front() == '.' && ++dots > kMaxDots) {
      return RefusedLine{line, "no key has so many dots"};
    }
    ++i;
  }
  return std::nullopt;
}

}  // namespace efa
