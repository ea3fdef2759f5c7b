// What a parser is given and what it must make of it, for tables of tests.
#pragma once

#include <optional>
#include <string>

namespace efa {

template <class Wanted>
struct Row {
  std::string input;
  Wanted wanted;
};
using TextRow = Row<std::optional<std::string>>;
inline constexpr auto kNone = std::nullopt;

}  // namespace efa
