// How long to wait before the next try: exponential, with full jitter so that a fleet does not
// come back in step (AWS Architecture Blog, "Exponential Backoff And Jitter").
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace efa {

struct Backoff {
  int64_t first_ms;
  int64_t least_ms;
  int64_t most_ms;
};

// What passes by itself: a server that is busy, a network that is gone.
inline constexpr Backoff kSoon{1'000, 250, 300'000};
// What a person has to put right: a permission, a bucket's name.
inline constexpr Backoff kSlowly{120'000, 30'000, 3'600'000};

// `failures` in a row, at least 1; `random` in [0, 1); never sooner than the server asks.
int64_t delay_ms(const Backoff& backoff, int failures, double random,
                 std::optional<int64_t> retry_after_ms);

// Retry-After: "120" or a date (RFC 9110); nothing for anything else. At most an hour.
std::optional<int64_t> parse_retry_after_ms(const std::string& text, int64_t now_ms);

}  // namespace efa
