#include "agent/pair/figures.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace efa {
namespace {

constexpr double kSlow = 0.7;  // of what the others reach

}  // namespace

std::optional<PairLatency> latency_of(std::vector<int64_t> round_trips) {
  if (round_trips.empty()) return std::nullopt;
  std::sort(round_trips.begin(), round_trips.end());
  const size_t count = round_trips.size();
  const size_t p99 = (count * 99 + 99) / 100 - 1;  // the nearest rank
  const int64_t all = std::accumulate(round_trips.begin(), round_trips.end(), int64_t{0});
  return PairLatency{count, round_trips.front() / 2, round_trips[(count - 1) / 2] / 2,
                     round_trips[p99] / 2, all / static_cast<int64_t>(count) / 2};
}

std::optional<double> median_of(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  if (values.size() % 2 == 1) return values[half];
  return (values[half - 1] + values[half]) / 2;
}

std::optional<double> rate_of(uint64_t messages, uint64_t bytes, int64_t took_ns) {
  if (took_ns <= 0 || messages == 0) return std::nullopt;
  constexpr double kBitsOfByte = 8;
  constexpr double kNsOfSecond = 1e9;
  return static_cast<double>(messages) * static_cast<double>(bytes) * kBitsOfByte * kNsOfSecond /
         static_cast<double>(took_ns);
}

std::string time_words(int64_t ns) {
  constexpr double kUs = 1e3;
  constexpr double kMs = 1e6;
  const auto value = static_cast<double>(ns);
  return value < kMs ? fmt::format("{:.1f} us", value / kUs)
                     : fmt::format("{:.2f} ms", value / kMs);
}

std::string rate_words(double bits_a_second) {
  constexpr double kGiga = 1e9;
  constexpr double kMega = 1e6;
  return bits_a_second < kGiga ? fmt::format("{:.1f} Mbit/s", bits_a_second / kMega)
                               : fmt::format("{:.1f} Gbit/s", bits_a_second / kGiga);
}

std::string size_words(uint64_t bytes) {
  constexpr uint64_t kKib = 1024;
  constexpr uint64_t kMib = kKib * 1024;
  if (bytes >= kMib && bytes % kMib == 0) return fmt::format("{} MiB", bytes / kMib);
  if (bytes >= kKib && bytes % kKib == 0) return fmt::format("{} KiB", bytes / kKib);
  return fmt::format("{} B", bytes);
}

std::string bar_of(double value, double most, size_t width) {
  if (value <= 0 || most <= 0) return "";
  const auto letters =
      static_cast<size_t>(std::lround(std::min(value / most, 1.0) * static_cast<double>(width)));
  return std::string(std::max<size_t>(letters, 1), '#');
}

std::vector<bool> slow_ones(const std::vector<std::optional<double>>& rates) {
  std::vector<bool> slow(rates.size(), false);
  for (size_t i = 0; i < rates.size(); ++i) {
    std::vector<double> others;
    for (size_t j = 0; j < rates.size(); ++j) {
      if (j != i && rates[j]) others.push_back(*rates[j]);
    }
    const std::optional<double> median = median_of(std::move(others));
    slow[i] = rates[i] && median && *rates[i] < kSlow * *median;
  }
  return slow;
}

size_t usual_one(const std::vector<std::optional<double>>& rates, const std::vector<bool>& slow) {
  std::vector<size_t> others;
  for (size_t i = 0; i < rates.size(); ++i) {
    if (rates[i] && !slow[i]) others.push_back(i);
  }
  std::sort(others.begin(), others.end(),
            [&](size_t a, size_t b) { return *rates[a] < *rates[b]; });
  return others.empty() ? rates.size() : others[(others.size() - 1) / 2];
}

}  // namespace efa
