#include "probes/base/printable.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "probes/base/text.h"

namespace efa {
namespace {

// First and last: what has no shape of its own on a line.
constexpr std::pair<uint32_t, uint32_t> kUnprintable[] = {
    {0x0000, 0x001F},    // C0
    {0x007F, 0x009F},    // DEL, C1
    {0x00AD, 0x00AD},    // soft hyphen
    {0x061C, 0x061C},    // Arabic letter mark
    {0x180E, 0x180E},    // Mongolian vowel separator
    {0x200B, 0x200F},    // of width zero, and marks of direction
    {0x2028, 0x202E},    // line and paragraph separators, embeddings and overrides of direction
    {0x2060, 0x206F},    // invisible operators, isolates of direction
    {0xFE00, 0xFE0F},    // variation selectors
    {0xFEFF, 0xFEFF},    // byte order mark
    {0xFFF0, 0xFFFB},    // annotations
    {0xE0000, 0xE0FFF},  // tags
};

// First and last, and what is there instead.
struct Ascii {
  uint32_t first = 0;
  uint32_t last = 0;
  const char* text = "";
};

constexpr Ascii kAscii[] = {
    {0x0022, 0x0022, ""},     // "
    {0x0024, 0x0024, "?"},    // $
    {0x0027, 0x0027, ""},     // '
    {0x005C, 0x005C, "?"},    // backslash
    {0x0060, 0x0060, ""},     // `
    {0x00A0, 0x00A0, " "},    // no-break space
    {0x00AB, 0x00AB, ""},     // guillemet
    {0x00B4, 0x00B4, ""},     // acute accent
    {0x00BB, 0x00BB, ""},     // guillemet
    {0x02B9, 0x02BC, ""},     // primes and apostrophes that are letters
    {0x2000, 0x200A, " "},    // spaces
    {0x2010, 0x2015, "-"},    // hyphens and dashes
    {0x2018, 0x201F, ""},     // quotation marks
    {0x2026, 0x2026, "..."},  // ellipsis
    {0x202F, 0x202F, " "},    // narrow no-break space
    {0x2032, 0x2037, ""},     // primes
    {0x2039, 0x203A, ""},     // single guillemets
    {0x2212, 0x2212, "-"},    // minus
    {0x3000, 0x3000, " "},    // ideographic space
};

bool is_unprintable(uint32_t point) {
  return std::any_of(std::begin(kUnprintable), std::end(kUnprintable), [&](const auto& range) {
    return range.first <= point && point <= range.second;
  });
}

bool continues(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80;
}

// Of a text that is UTF-8 and not empty.
size_t length_of_first(std::string_view text) {
  size_t length = 1;
  while (length < text.size() && continues(text[length])) ++length;
  return length;
}

uint32_t code_point(std::string_view letter) {
  const auto first = static_cast<unsigned char>(letter[0]);
  uint32_t point = letter.size() == 1 ? first : first & (0x7FU >> letter.size());
  for (const char byte : letter.substr(1)) {
    point = point << 6U | (static_cast<unsigned char>(byte) & 0x3FU);
  }
  return point;
}

std::string_view ascii_of(std::string_view letter) {
  const uint32_t point = code_point(letter);
  for (const Ascii& row : kAscii) {
    if (row.first <= point && point <= row.last) return row.text;
  }
  return letter.size() == 1 ? letter : "?";
}

std::string_view cut(std::string_view text, size_t most) {
  size_t end = most;
  while (end > 0 && most - end < 3 && continues(text[end])) --end;  // a letter stays whole
  return text.substr(0, end);
}

}  // namespace

std::string printable(std::string_view text, size_t most) {
  constexpr std::string_view kCut = "...";
  const bool fits = text.size() <= most;
  const std::string whole = make_utf8(fits ? text : cut(text, most - std::min(most, kCut.size())));
  std::string line;
  line.reserve(whole.size() + kCut.size());
  for (std::string_view rest = whole; !rest.empty();) {
    const std::string_view letter = rest.substr(0, length_of_first(rest));
    rest.remove_prefix(letter.size());
    if (letter == "\n" || letter == "\r" || letter == "\t") {
      line += ' ';
    } else {
      line += is_unprintable(code_point(letter)) ? std::string_view("?") : letter;
    }
  }
  return fits ? line : line + std::string(kCut.substr(0, most));
}

std::string plain_ascii(std::string_view text, size_t most) {
  const std::string whole = printable(text);
  std::string line;
  for (std::string_view rest = whole; !rest.empty();) {
    const std::string_view letter = rest.substr(0, length_of_first(rest));
    rest.remove_prefix(letter.size());
    line += ascii_of(letter);
  }
  return printable(line, most);
}

}  // namespace efa
