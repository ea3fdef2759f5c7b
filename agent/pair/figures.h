// What times say. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/pair/protocol.h"

namespace efa {

// Of whole round trips in ns; nothing of none.
std::optional<PairLatency> latency_of(std::vector<int64_t> round_trips);
// Nothing of none.
std::optional<double> median_of(std::vector<double> values);

// Bits a second.
std::optional<double> rate_of(uint64_t messages, uint64_t bytes, int64_t took_ns);

// "12.3 us", "1.20 ms"
std::string time_words(int64_t ns);
// "96.1 Gbit/s"
std::string rate_words(double bits_a_second);
// "64 B", "8 KiB", "1 MiB"
std::string size_words(uint64_t bytes);
// "##########": `value` of `most`, at most `width` letters, at least one.
std::string bar_of(double value, double most, size_t width);

// Which of them are slower than 0.7 of the median of the others, where there are others.
std::vector<bool> slow_ones(const std::vector<std::optional<double>>& rates);
// Of those that are not, the one in the middle, where any is slow.
size_t usual_one(const std::vector<std::optional<double>>& rates, const std::vector<bool>& slow);

}  // namespace efa
