#include "agent/pair/match.h"

#include <fmt/core.h>

#include <algorithm>

#include "agent/pair/findings.h"
#include "probes/base/printable.h"
#include "probes/pair/checks.h"

namespace efa {
namespace {

Finding untested(FindingResult result, std::string message) {
  return of_nodes(kPairLibfabric, result, std::move(message));
}

void keep_refused(const std::vector<PairCopy>& copies, const char* who, PairMatch& match) {
  for (const PairCopy& copy : copies) {
    if (copy.why_not.empty()) continue;
    match.untested.push_back(untested(FindingResult::kUnknown,
                                      fmt::format("root of {} does not load {}: {}", who,
                                                  printable(copy.file), printable(copy.why_not))));
  }
}

int place_of(const PairCopy& copy, const std::vector<PairCopy>& others) {
  int first = kNoCopy;
  for (size_t i = 0; i < others.size(); ++i) {
    if (!others[i].why_not.empty()) continue;
    if (others[i].directory == copy.directory) return static_cast<int>(i);
    if (first == kNoCopy) first = static_cast<int>(i);
  }
  return first;
}

}  // namespace

PairMatch match_copies(const std::vector<PairCopy>& own, const std::vector<PairCopy>& other) {
  PairMatch match;
  keep_refused(own, "this node", match);
  keep_refused(other, "the other node", match);
  for (const auto& [copies, who] : {std::pair(&own, "this node"), {&other, "the other node"}}) {
    if (!copies->empty()) continue;
    match.untested.push_back(
        untested(FindingResult::kNotApplicable, fmt::format("{} has no libfabric", who)));
  }
  for (size_t i = 0; i < own.size(); ++i) {
    if (!own[i].why_not.empty()) continue;
    const int place = place_of(own[i], other);
    if (place == kNoCopy) continue;
    match.copies.push_back({static_cast<int>(i), place, own[i].file,
                            printable(other[static_cast<size_t>(place)].file)});
  }
  return match;
}

}  // namespace efa
