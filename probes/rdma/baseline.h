// What is remembered of a device's counters from one pass to the next, so that growth can be told
// from a total since the driver was bound. Kept in state.json; forgotten with the boot.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "probes/rdma/facts.h"

namespace efa {

struct CounterBaseline {
  PciAddress address;
  uint64_t registration = 0;  // of the device when they were read: another one starts anew
  int64_t at_ms = 0;          // milliseconds of CLOCK_BOOTTIME, as are all times here
  std::map<std::string, uint64_t> values;  // of the device and of its port
  // The one before it, to measure from while this one is too young to.
  std::optional<int64_t> older_at_ms;
  std::map<std::string, uint64_t> older_values;
  // keep_alive_rcvd: when it was last seen to have grown, and the shortest average time between two
  // keep-alives that was seen on this node (absent until three came between two baselines)
  uint64_t keep_alives = 0;
  int64_t keep_alive_ms = 0;
  std::optional<int64_t> keep_alive_period_ms;
};

template <class Io>
void describe(Io& io, CounterBaseline& baseline) {
  io("address", baseline.address);
  io("registration", baseline.registration);
  io("at_ms", baseline.at_ms);
  io("values", baseline.values);
  io("older_at_ms", baseline.older_at_ms);
  io("older_values", baseline.older_values);
  io("keep_alives", baseline.keep_alives);
  io("keep_alive_ms", baseline.keep_alive_ms);
  io("keep_alive_period_ms", baseline.keep_alive_period_ms);
}

inline constexpr int64_t kMaxRate = 1'000'000'000'000;  // of a limit
inline constexpr int64_t kMaxKeepAlivePeriods = 10'000;

// Growth a second above which a counter is called a fault. AWS publishes no thresholds; these are
// the defaults of the EKS node monitoring agent, but for the last two, which are ours.
struct CounterLimits {
  int64_t rx_drops_per_s = 100;
  int64_t rdma_errors_per_s = 100;
  int64_t remote_events_per_s = 100;
  int64_t retransmit_timeouts_per_s = 100;
  int64_t retransmitted_bytes_per_s = 1'000'000;
  int64_t retransmitted_packets_per_s = 1'000;
  int64_t command_errors_per_s = 10;
  int64_t keep_alive_periods = 10;  // of silence
};

template <class Io>
void describe(Io& io, CounterLimits& limits) {
  io("rx_drops_per_s", limits.rx_drops_per_s);
  io("rdma_errors_per_s", limits.rdma_errors_per_s);
  io("remote_events_per_s", limits.remote_events_per_s);
  io("retransmit_timeouts_per_s", limits.retransmit_timeouts_per_s);
  io("retransmitted_bytes_per_s", limits.retransmitted_bytes_per_s);
  io("retransmitted_packets_per_s", limits.retransmitted_packets_per_s);
  io("command_errors_per_s", limits.command_errors_per_s);
  io("keep_alive_periods", limits.keep_alive_periods);
}

// The baseline for the next pass, of what this one read. Devices not read keep theirs.
std::vector<CounterBaseline> next_baselines(const std::vector<CounterBaseline>& before,
                                            const RdmaFacts& facts, int64_t now_ms);

}  // namespace efa
