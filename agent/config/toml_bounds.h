// What toml++ (up to 3.4) does not bear, refused before it looks. It does what C++ does not define
// when it asks whether some letters that are not ASCII may stand in a key ("[s" and U+03A2) or are
// blanks (after a backslash, and where it looks for the end of a number, past quotes), and it calls
// itself once for each table that a dotted key makes, until the stack is full. No setting of ours
// has such.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace efa {

struct RefusedLine {
  size_t number = 0;  // from 1
  std::string_view why;
};

// The first line that, outside of strings and comments, has a byte that is not ASCII, more dots
// than keys and numbers have, or a quote in a number; or, in a string, a backslash before such a
// byte.
std::optional<RefusedLine> refused_line(std::string_view toml);

}  // namespace efa
