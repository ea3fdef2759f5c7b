// Versions of software, as far as they are numbers.
#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace efa {

// "6.1.177-224.371.amzn2023.x86_64", "3.1.0g", "580.65.06": up to three numbers, and what follows.
struct Version {
  std::array<int, 3> numbers{};
  std::string rest;
};

// Nothing of a text that does not begin with two numbers and a dot between them.
std::optional<Version> parse_version(std::string_view text);

using Bound = std::array<int, 3>;
inline bool is_at_least(const Version& version, const Bound& bound) {
  return version.numbers >= bound;
}

}  // namespace efa
