// Judges whether anything passes over the EFA devices that processes have open: by how the counters
// of packets grew since earlier passes. That nothing did has several reasons, of which a node shows
// none: the process waits, speaks to this node alone, or has fallen back to TCP.

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "probes/base/text.h"
#include "probes/jobs/checks.h"
#include "probes/jobs/judging.h"
#include "probes/judging/look_up.h"

namespace efa {
namespace {

constexpr int64_t kQuietMs = 120'000;  // a step of training takes seconds, few take a minute

Traffic traffic_between(const Counters& now, const std::map<std::string, uint64_t>& before) {
  Traffic traffic = Traffic::kNotMeasured;
  for (const char* counter : {"tx_pkts", "rx_pkts", "tx_bytes", "rx_bytes"}) {
    const auto is = now.port.find(counter);
    const auto was = before.find(counter);
    if (is == now.port.end() || was == before.end()) continue;
    if (is->second != was->second) return Traffic::kSome;
    traffic = Traffic::kNone;
  }
  return traffic;
}

// For how long the device is seen to have carried nothing; 0 when something, or it is not known.
int64_t quiet_ms_of(const Node& node, const Past& past, const RdmaDevice& device) {
  const Counters* now = find_device(node.rdma.facts.counters, device.address);
  const CounterBaseline* before = find_device(past.baselines, device.address);
  const bool same = before != nullptr && before->registration == device.registration.value_or(0);
  if (now == nullptr || !same || traffic_between(*now, before->values) != Traffic::kNone) return 0;
  const bool longer =
      before->older_at_ms && traffic_between(*now, before->older_values) == Traffic::kNone;
  return past.now_ms - (longer ? *before->older_at_ms : before->at_ms);
}

// Of all EFA devices that it has open.
int64_t quiet_ms_of(const Node& node, const Past& past, const Job& job) {
  std::optional<int64_t> quiet_ms;
  size_t devices = 0;
  for (const RdmaDevice& device : node.rdma.facts.devices) {
    if (!device.uverbs || !is_one_of(device.uverbs->path, job.devices)) continue;
    ++devices;
    const int64_t here = quiet_ms_of(node, past, device);
    quiet_ms = std::min(quiet_ms.value_or(here), here);
  }
  return devices == job.devices.size() ? quiet_ms.value_or(0) : 0;
}

}  // namespace

Traffic traffic_of(const Node& node, const Past& past, const Job& job) {
  Traffic traffic = job.devices.empty() ? Traffic::kNotMeasured : Traffic::kNone;
  for (const RdmaDevice& device : node.rdma.facts.devices) {
    if (!device.uverbs || !is_one_of(device.uverbs->path, job.devices)) continue;
    const Counters* now = find_device(node.rdma.facts.counters, device.address);
    const CounterBaseline* before = find_device(past.baselines, device.address);
    const Traffic here = now == nullptr || before == nullptr
                             ? Traffic::kNotMeasured
                             : traffic_between(*now, before->values);
    if (here == Traffic::kSome) return here;
    if (here == Traffic::kNotMeasured) traffic = here;
  }
  return traffic;
}

void judge_quiet(const Node& node, const Past& past, Findings& findings) {
  if (!node.live) return;  // a sysroot's counters stand still
  ByProgram said(findings);
  for (const Job& job : node.jobs.facts.processes) {
    const int64_t quiet_ms = quiet_ms_of(node, past, job);
    if (quiet_ms < kQuietMs || may_leave_efa_out(node, job)) continue;  // that is told of it
    const std::string devices = job.devices.size() == 1
                                    ? "its EFA device"
                                    : fmt::format("its {} EFA devices", job.devices.size());
    said.unknown(kJobsEfaQuiet, job,
                 fmt::format("nothing passed over {} for {} min: it waits, speaks to this node "
                             "alone, or goes by TCP",
                             devices, quiet_ms / 60'000),
                 {"no packet", "packets, where it speaks to other nodes",
                  "ports/1/hw_counters/tx_pkts, rx_pkts"});
  }
  said.tell();
}

}  // namespace efa
