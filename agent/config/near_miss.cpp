#include "agent/config/near_miss.h"

#include <fmt/core.h>

#include <algorithm>

namespace efa {
namespace {

// How many letters differ, come or go (Levenshtein).
size_t distance(std::string_view one, std::string_view other) {
  std::vector<size_t> row(other.size() + 1);
  for (size_t j = 0; j <= other.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= one.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= other.size(); ++j) {
      const size_t changed = diagonal + (one[i - 1] == other[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known) {
  constexpr size_t kMostLetters = 3;   // of a typing error
  constexpr size_t kLongestWord = 64;  // whatever is longer is none of ours
  if (word.size() > kLongestWord) return "";
  // of a short word half its letters are another word
  size_t least = std::min(kMostLetters, word.size() / 2) + 1;
  std::string_view found;
  for (const std::string_view one : known) {
    const size_t letters = distance(word, one);
    if (letters < least) found = one;
    least = std::min(least, letters);
  }
  return found;
}

std::string near_miss(std::string_view word, const std::vector<std::string_view>& known) {
  const std::string_view found = nearest(word, known);
  return found.empty() ? "" : fmt::format("; did you mean {}?", found);
}

}  // namespace efa
