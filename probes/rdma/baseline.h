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

// The baseline for the next pass, of what this one read. Devices not read keep theirs.
std::vector<CounterBaseline> next_baselines(const std::vector<CounterBaseline>& before,
                                            const RdmaFacts& facts, int64_t now_ms);

}  // namespace efa
