#include "agent/config/weights.h"

#include <fmt/core.h>

#include <algorithm>
#include <span>
#include <vector>

#include "agent/config/near_miss.h"
#include "probes/judging/site_probe.h"
#include "probes/judging/table.h"
#include "probes/judging/words.h"
#include "probes/mesh/checks.h"
#include "probes/pair/checks.h"

namespace efa {
namespace {

constexpr std::optional<Severity> kWeights[] = {std::nullopt, Severity::kInfo, Severity::kWarning,
                                                Severity::kCritical};

std::vector<std::string_view> all_codes() {
  std::vector<std::string_view> codes;
  for (const Check* check : all_checks()) codes.push_back(check->code);
  return codes;
}

}  // namespace

Result<Weights> parse_weights(const WeightWords& words) {
  Weights weights;
  for (const auto& [code, word] : words) {
    if (find_check(code) == nullptr && !is_site_code(code)) {
      return Error{ErrorKind::kMalformed, code,
                   "no check has this code" + near_miss(code, all_codes())};
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

std::string_view judge_without_weights(std::string_view code) {
  const auto has_it = [code](std::span<const Check* const> checks) {
    return std::any_of(checks.begin(), checks.end(),
                       [code](const Check* check) { return check->code == code; });
  };
  if (has_it(kPairChecks)) return "efa-doctor pair";
  return has_it(kMeshChecks) ? "efa-doctor mesh" : "";
}

}  // namespace efa
