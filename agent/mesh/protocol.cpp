#include "agent/mesh/protocol.h"

#include <algorithm>

#include "probes/base/printable.h"

namespace efa {
namespace {

constexpr MeshResult kResults[] = {MeshResult::kWorks, MeshResult::kFails, MeshResult::kUntested};

}  // namespace

MeshAnswer to_answer(const MeshOutcome& outcome) {
  MeshAnswer answer{.result = word_of(outcome.result),
                    .code = outcome.code,
                    .words = outcome.words,
                    .works = outcome.works,
                    .pairs = outcome.pairs,
                    .bits_per_second = {}};
  if (outcome.rate) answer.bits_per_second = static_cast<int64_t>(*outcome.rate);
  return answer;
}

MeshOutcome from_answer(const MeshAnswer& answer) {
  constexpr size_t kMostCode = 64;
  constexpr size_t kMostWords = 400;
  MeshOutcome outcome{.result = MeshResult::kUntested,
                      .code = printable(answer.code, kMostCode),
                      .words = printable(answer.words, kMostWords),
                      .works = std::max(answer.works, 0),
                      .pairs = std::max(answer.pairs, 0),
                      .rate = {}};
  for (const MeshResult result : kResults) {
    if (answer.result == word_of(result)) outcome.result = result;
  }
  if (answer.bits_per_second && *answer.bits_per_second > 0) {
    outcome.rate = static_cast<double>(*answer.bits_per_second);
  }
  return outcome;
}

}  // namespace efa
