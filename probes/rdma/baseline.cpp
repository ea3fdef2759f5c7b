#include "probes/rdma/baseline.h"

#include <algorithm>

namespace efa {
namespace {

constexpr const char* kKeepAlives = "keep_alive_rcvd";
constexpr int64_t kKeptMs = 60'000;  // passes may follow each other within a second

std::map<std::string, uint64_t> values_of(const Counters& counters) {
  std::map<std::string, uint64_t> values = counters.port;
  values.insert(counters.device.begin(), counters.device.end());
  return values;
}

uint64_t registration_of(const RdmaFacts& facts, const PciAddress& address) {
  for (const RdmaDevice& device : facts.devices) {
    if (device.address == address) return device.registration.value_or(0);
  }
  return 0;
}

// Between two baselines, so over enough keep-alives that their number is a measure.
void learn_period(CounterBaseline& next, uint64_t keep_alives, int64_t now_ms) {
  constexpr uint64_t kEnough = 3;
  const auto before = next.values.find(kKeepAlives);
  if (before == next.values.end() || keep_alives < before->second + kEnough) return;
  const int64_t period_ms =
      (now_ms - next.at_ms) / static_cast<int64_t>(keep_alives - before->second);
  if (period_ms <= 0) return;
  next.keep_alive_period_ms = std::min(next.keep_alive_period_ms.value_or(period_ms), period_ms);
}

CounterBaseline next_baseline(const CounterBaseline* before, const Counters& counters,
                              uint64_t registration, int64_t now_ms) {
  const std::map<std::string, uint64_t> values = values_of(counters);
  const auto keep_alives = values.find(kKeepAlives);
  const bool counted = keep_alives != values.end();
  const bool same = before != nullptr && before->registration == registration &&
                    before->at_ms <= now_ms && before->keep_alive_ms <= now_ms;
  CounterBaseline next = same ? *before : CounterBaseline{counters.address, registration};
  if (counted && keep_alives->second != next.keep_alives) {
    next.keep_alives = keep_alives->second;
    next.keep_alive_ms = now_ms;
  }
  if (same && now_ms - next.at_ms < kKeptMs) return next;
  if (same && counted) learn_period(next, keep_alives->second, now_ms);
  if (same) {
    next.older_at_ms = next.at_ms;
    next.older_values = std::move(next.values);
  }
  next.at_ms = now_ms;
  next.values = values;
  return next;
}

}  // namespace

std::vector<CounterBaseline> next_baselines(const std::vector<CounterBaseline>& before,
                                            const RdmaFacts& facts, int64_t now_ms) {
  std::map<PciAddress, CounterBaseline> next;
  for (const CounterBaseline& baseline : before) next[baseline.address] = baseline;
  for (const Counters& counters : facts.counters) {
    const auto known = next.find(counters.address);
    next[counters.address] = next_baseline(known == next.end() ? nullptr : &known->second, counters,
                                           registration_of(facts, counters.address), now_ms);
  }
  std::vector<CounterBaseline> baselines;
  for (auto& [address, baseline] : next) baselines.push_back(std::move(baseline));
  return baselines;
}

}  // namespace efa
