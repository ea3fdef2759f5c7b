#include "probes/aws/backoff.h"

#include <algorithm>

#include "probes/base/text.h"
#include "probes/base/times.h"

namespace efa {

int64_t delay_ms(const Backoff& backoff, int failures, double random,
                 std::optional<int64_t> retry_after_ms) {
  constexpr int kMostDoublings = 20;  // beyond the longest wait already
  const int doublings = std::clamp(failures - 1, 0, kMostDoublings);
  const int64_t most = std::min(backoff.most_ms, backoff.first_ms << doublings);
  const auto jittered = static_cast<int64_t>(random * static_cast<double>(most));
  return std::max({jittered, backoff.least_ms, retry_after_ms.value_or(0)});
}

std::optional<int64_t> parse_retry_after_ms(const std::string& text, int64_t now_ms) {
  constexpr int64_t kMostMs = 3'600'000;
  if (const auto seconds = parse_number<int64_t>(text)) {
    return std::clamp<int64_t>(*seconds, 0, kMostMs / 1000) * 1000;
  }
  const auto date = parse_http_date_ms(text);
  if (!date) return std::nullopt;
  return std::clamp<int64_t>(*date - now_ms, 0, kMostMs);
}

}  // namespace efa
