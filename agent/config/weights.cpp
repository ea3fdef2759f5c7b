#include "agent/config/weights.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "probes/judging/site_probe.h"
#include "probes/judging/table.h"
#include "probes/judging/words.h"

namespace efa {
namespace {

constexpr std::optional<Severity> kWeights[] = {std::nullopt, Severity::kInfo, Severity::kWarning,
                                                Severity::kCritical};

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

// "; did you mean pci.narrow-link?"
std::string near_miss(const std::string& code) {
  constexpr size_t kMostLetters = 3;   // of a typing error
  constexpr size_t kLongestCode = 64;  // whatever is longer is none of ours
  if (code.size() > kLongestCode) return "";
  size_t least = kMostLetters + 1;
  std::string_view nearest;
  for (const Check* check : all_checks()) {
    const size_t letters = distance(code, check->code);
    if (letters < least) nearest = check->code;
    least = std::min(least, letters);
  }
  return nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
}

}  // namespace

Result<Weights> parse_weights(const WeightWords& words) {
  Weights weights;
  for (const auto& [code, word] : words) {
    if (find_check(code) == nullptr && !is_site_code(code)) {
      return Error{ErrorKind::kMalformed, code, "no check has this code" + near_miss(code)};
    }
    const auto* weight =
        std::find_if(std::begin(kWeights), std::end(kWeights),
                     [&word = word](const auto& one) { return weight_text(one) == word; });
    if (weight == std::end(kWeights)) {
      return Error{ErrorKind::kMalformed, code, "must be off, info, warning or critical"};
    }
    weights.emplace(code, *weight);
  }
  return weights;
}

}  // namespace efa
