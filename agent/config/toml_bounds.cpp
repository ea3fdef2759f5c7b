#include "agent/config/toml_bounds.h"

#include <algorithm>

namespace efa {
namespace {

constexpr size_t kMaxDots = 16;  // a key of ours has one

bool is_any_of(char c, std::string_view these) {
  return these.find(c) != std::string_view::npos;
}

bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

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

// Whether the next letter after a backslash, blanks and ends of lines left out, is not ASCII.
bool escapes_a_letter(std::string_view after_backslash) {
  const size_t next = after_backslash.find_first_not_of(" \t\r\n");
  return next != std::string_view::npos && !is_ascii(after_backslash[next]);
}

// What stands outside of strings and comments, which are told by the first of their letters.
class Bare {
 public:
  // Why the next letter may not stand where it does; "" where it may.
  std::string_view refusal(char c) {
    if (!is_ascii(c)) return "only strings and comments may contain non-ASCII characters";
    if (is_any_of(c, ",]}#\n")) number_ = false;
    if (number_ && is_any_of(c, "\"'")) return "a number contains a quote";
    if (c == '.' && ++dots_ > kMaxDots) return "a key contains too many dots";
    if (c == '\n') dots_ = 0;
    if (is_any_of(c, " \t\r\n#")) return "";
    if (is_any_of(last_, "=[,") && is_any_of(c, "+-0123456789")) number_ = true;
    last_ = c;
    return "";
  }

 private:
  bool number_ = false;  // what may be one: toml++ looks past blanks and quotes for its end
  size_t dots_ = 0;      // of this line
  char last_ = '\n';     // blanks and comments left out
};

}  // namespace

std::optional<RefusedLine> refused_line(std::string_view toml) {
  Bare bare;
  std::string_view quote;  // of the string that we are in
  size_t line = 1;
  size_t i = toml.starts_with("\xEF\xBB\xBF") ? 3 : 0;  // a byte order mark
  while (i < toml.size()) {
    const std::string_view rest = toml.substr(i);
    if (rest.front() == '\n') {
      ++line;
      if (quote.size() == 1) quote = "";  // it was not closed: toml++ says so
    }
    if (quote.empty()) {
      const std::string_view why = bare.refusal(rest.front());
      if (!why.empty()) return RefusedLine{line, why};
      quote = quote_at(rest);
      if (rest.front() == '#') i += std::min(rest.find('\n'), rest.size()) - 1;
      if (!quote.empty()) i += quote.size() - 1;
    } else if (quote.front() == '"' && rest.front() == '\\') {
      if (escapes_a_letter(rest.substr(1))) {
        return RefusedLine{line, "a backslash precedes a non-ASCII character"};
      }
      if (!rest.starts_with("\\\n")) ++i;
    } else if (const size_t end = end_of_string(rest, quote); end > 0) {
      quote = "";
      i += end - 1;
    }
    ++i;
  }
  return std::nullopt;
}

}  // namespace efa
