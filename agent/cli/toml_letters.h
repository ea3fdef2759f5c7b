// toml++ shifts too far when it asks whether some letters that are not ASCII may stand in a key
// (up to 3.4: "[s" and U+03A2). No key of ours has any, so they are refused before it looks.
#pragma once

#include <optional>
#include <string_view>

namespace efa {

// The line, from 1, of the first byte outside of strings and comments that is not ASCII.
std::optional<size_t> foreign_letter(std::string_view toml);

}  // namespace efa
