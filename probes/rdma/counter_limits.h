// Above which growth a counter is called a fault: settings of the table [counters].
#pragma once

#include <cstdint>

namespace efa {

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

  bool operator==(const CounterLimits&) const = default;
};

inline constexpr int64_t kMaxRate = 1'000'000'000'000;

struct CounterLimit {
  const char* key;  // as the configuration has it
  int64_t CounterLimits::*field;
  int64_t least;
  int64_t most;
  const char* help;
};

// All of them.
inline constexpr CounterLimit kCounterLimits[] = {
    {.key = "counters.rx_drops_per_s",
     .field = &CounterLimits::rx_drops_per_s,
     .least = 0,
     .most = kMaxRate,
     .help = "Growth of rx_drops that is a fault"},
    {.key = "counters.rdma_errors_per_s",
     .field = &CounterLimits::rdma_errors_per_s,
     .least = 0,
     .most = kMaxRate,
     .help = "Growth of rdma_read_wr_err or rdma_write_wr_err that is reported"},
    {.key = "counters.remote_events_per_s",
     .field = &CounterLimits::remote_events_per_s,
     .least = 0,
     .most = kMaxRate,
     .help = "Growth of unresponsive_remote_events or impaired_remote_conn_events that is a fault"},
    {.key = "counters.retransmit_timeouts_per_s",
     .field = &CounterLimits::retransmit_timeouts_per_s,
     .least = 0,
     .most = kMaxRate,
     .help = "Growth of retrans_timeout_events that is a fault"},
    {.key = "counters.retransmitted_bytes_per_s",
     .field = &CounterLimits::retransmitted_bytes_per_s,
     .least = 0,
     .most = kMaxRate,
     .help = "Growth of retrans_bytes that is a fault"},
    {.key = "counters.retransmitted_packets_per_s",
     .field = &CounterLimits::retransmitted_packets_per_s,
     .least = 0,
     .most = kMaxRate,
     .help = "Growth of retrans_pkts that is a fault"},
    {.key = "counters.command_errors_per_s",
     .field = &CounterLimits::command_errors_per_s,
     .least = 0,
     .most = kMaxRate,
     .help = "Growth of cmds_err that is reported"},
    {.key = "counters.keep_alive_periods",
     .field = &CounterLimits::keep_alive_periods,
     .least = 2,
     .most = 10'000,
     .help = "A device that misses this many keep-alives in a row has stopped"},
};

template <class Io>
void describe(Io& io, CounterLimits& limits) {
  constexpr size_t kTable = sizeof "counters." - 1;
  for (const CounterLimit& limit : kCounterLimits) io(limit.key + kTable, limits.*limit.field);
}

}  // namespace efa
