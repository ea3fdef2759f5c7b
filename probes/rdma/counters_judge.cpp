// Judges how the counters of each device grew since an earlier pass. The first sample of a counter
// is no alarm: it is a total since the driver was bound. Names and meaning of the counters:
// efa_verbs.c and the EC2 User Guide, "Monitor an EFA on Amazon EC2".

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "probes/base/text.h"
#include "probes/judging/look_up.h"
#include "probes/judging/node.h"
#include "probes/rdma/counters_checks.h"

namespace efa {
namespace {

constexpr int64_t kShortestMs = 10'000;  // a rate over less is noise
constexpr const char* kMonitoringAgent = "default of the EKS node monitoring agent";
constexpr const char* kOurs = "our default; AWS publishes none";

// A counter and how fast it may grow.
struct Limit {
  const char* counter;
  int64_t per_s;
};

struct Growth {
  const Check* check;
  const char* provenance;  // of the limits
  std::vector<Limit> limits;
};

std::vector<Growth> growths(const CounterLimits& limits) {
  return {
      {&kCountersNoCompletion, "any is a fault", {{"no_completion_cmds", 0}}},
      {&kCountersCommandErrors, kOurs, {{"cmds_err", limits.command_errors_per_s}}},
      {&kCountersResourceErrors,
       "any is worth knowing",
       {{"alloc_pd_err", 0},
        {"alloc_ucontext_err", 0},
        {"alloc_mr_err", 0},
        {"create_qp_err", 0},
        {"create_cq_err", 0},
        {"create_ah_err", 0},
        {"reg_mr_err", 0},
        {"get_dma_mr_err", 0},
        {"mmap_err", 0}}},
      {&kCountersReceiveDrops, kMonitoringAgent, {{"rx_drops", limits.rx_drops_per_s}}},
      {&kCountersRdmaErrors,
       kMonitoringAgent,
       {{"rdma_read_wr_err", limits.rdma_errors_per_s},
        {"rdma_write_wr_err", limits.rdma_errors_per_s}}},
      {&kCountersRemoteUnresponsive,
       kMonitoringAgent,
       {{"unresponsive_remote_events", limits.remote_events_per_s},
        {"impaired_remote_conn_events", limits.remote_events_per_s}}},
      {&kCountersRetransmissions,
       kMonitoringAgent,
       {{"retrans_bytes", limits.retransmitted_bytes_per_s},
        {"retrans_pkts", limits.retransmitted_packets_per_s},
        {"retrans_timeout_events", limits.retransmit_timeouts_per_s}}},
  };
}

std::optional<uint64_t> value_of(const Counters& counters, const std::string& name) {
  for (const auto* values : {&counters.device, &counters.port}) {
    const auto found = values->find(name);
    if (found != values->end()) return found->second;
  }
  return std::nullopt;
}

// The first of those counters whose file could not be read; "" when all could.
std::string unseen_of(const Counters& counters, const Growth& growth) {
  for (const Unseen& unseen : counters.unseen) {
    for (const Limit& limit : growth.limits) {
      if (base_name(unseen.what) == limit.counter) return limit.counter;
    }
  }
  return "";
}

std::string rate_text(uint64_t grown, int64_t ms) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f/s",
                static_cast<double>(grown) * 1000 / static_cast<double>(ms));
  return text;
}

// An earlier sample, so long ago that a rate since then is no noise.
struct Sample {
  const std::map<std::string, uint64_t>* values;
  int64_t ms;  // ago
};

std::optional<Sample> sample_of(const CounterBaseline& baseline, int64_t now_ms) {
  const int64_t ms = now_ms - baseline.at_ms;
  if (ms >= kShortestMs) return Sample{&baseline.values, ms};
  const int64_t older_ms = now_ms - baseline.older_at_ms.value_or(now_ms);
  if (older_ms >= kShortestMs) return Sample{&baseline.older_values, older_ms};
  return std::nullopt;
}

// Its growth since the sample; nothing where that is not known or the counter was reset.
std::optional<uint64_t> growth_of(const Counters& counters, const Sample& sample,
                                  const std::string& name) {
  const auto now = value_of(counters, name);
  const auto before = sample.values->find(name);
  if (!now || before == sample.values->end() || *now < before->second) return std::nullopt;
  return *now - before->second;
}

// EFA does not reach the memory of this node's GPUs, and jobs go through the host.
bool is_without_gpu_memory(const Node& node, const Expectation& expectation) {
  const GpuFacts& gpu = node.gpu.facts;
  if (expectation.direct_memory != DirectMemory::kNotKnown) {
    return expectation.direct_memory == DirectMemory::kImpossible;
  }
  return !gpu.nvidia.empty() && gpu.nvidia_open == false && gpu.p2p && gpu.p2p->is_closed();
}

// libfabric from 1.21 on tries at each start whether GPU memory can be registered (efa_hmem.c). Of
// memory that cannot, efa counts reg_mr_err before it sends the device a command (efa_verbs.c);
// where the device itself refuses one, cmds_err grows, too.
bool may_be_tests_of_libfabric(const Counters& counters, const Sample& sample) {
  return growth_of(counters, sample, "cmds_err").value_or(0) == 0;
}

// The first sample of a counter is no alarm, and nothing that was not measured ends one.
void cannot_measure(const Past& past, const Check& check, const std::string& subject,
                    const std::string& why, Findings& findings) {
  if (past.failing.contains({std::string(check.code), subject})) {
    findings.unknown(check, subject, why);
  } else {
    findings.not_applicable(check, subject, why);
  }
}

void judge_growth(const Growth& growth, const Counters& counters, const Sample& sample,
                  const Past& past, Findings& findings) {
  const std::string subject = counters.address.to_text();
  std::vector<std::string> above;
  std::vector<std::string> limits;
  size_t looked = 0;
  bool was_reset = false;
  for (const Limit& limit : growth.limits) {
    const auto now = value_of(counters, limit.counter);
    const auto before = sample.values->find(limit.counter);
    was_reset = was_reset || (now && before != sample.values->end() && *now < before->second);
    if (!now || before == sample.values->end() || *now < before->second) continue;
    ++looked;
    const uint64_t grown = *now - before->second;
    const uint64_t allowed =
        static_cast<uint64_t>(limit.per_s) * static_cast<uint64_t>(sample.ms) / 1000;
    limits.push_back(fmt::format("{} {}/s", limit.counter, limit.per_s));
    if (grown > allowed) {
      above.push_back(fmt::format("{} grew by {} ({}) in {} s", limit.counter, grown,
                                  rate_text(grown, sample.ms), sample.ms / 1000));
    }
  }
  const Evidence evidence{join(above, ", "),
                          fmt::format("at most {} ({})", join(limits, ", "), growth.provenance),
                          "hw_counters"};
  const std::string unseen = unseen_of(counters, growth);
  if (looked == 0 && !unseen.empty()) {
    findings.unknown(*growth.check, subject, unseen + " could not be read", evidence);
  } else if (looked == 0 && was_reset) {
    cannot_measure(past, *growth.check, subject, "the counters were reset", findings);
  } else if (looked == 0) {
    findings.not_applicable(*growth.check, subject, "the driver has no such counters");
  } else if (above.empty()) {
    findings.pass(*growth.check, subject, "within its limits", evidence);
  } else {
    findings.fail(*growth.check, subject, join(above, ", "), evidence);
  }
}

// As the device itself showed it, else as the slowest of the node's others did: the devices of a
// node send them alike, and one that fell silent early never shows its own.
std::optional<int64_t> keep_alive_period(const Past& past, const CounterBaseline& own) {
  if (own.keep_alive_period_ms) return own.keep_alive_period_ms;
  std::optional<int64_t> slowest;
  for (const CounterBaseline& baseline : past.baselines) {
    if (baseline.at_ms <= past.now_ms) slowest = std::max(slowest, baseline.keep_alive_period_ms);
  }
  return slowest;
}

void judge_keep_alive(const Past& past, const Counters& counters, const CounterBaseline& baseline,
                      Findings& findings) {
  const Check& check = kCountersKeepAliveStopped;
  const std::string subject = counters.address.to_text();
  const auto count = value_of(counters, "keep_alive_rcvd");
  if (!count) {
    findings.not_applicable(check, subject, "the driver has no such counter");
    return;
  }
  const std::optional<int64_t> known = keep_alive_period(past, baseline);
  if (!known) {
    cannot_measure(past, check, subject, "their period on this node is not known yet", findings);
    return;
  }
  const int64_t period_ms = std::max<int64_t>(*known, 1);
  const int64_t limit_ms = std::max(past.limits.keep_alive_periods * period_ms, kShortestMs);
  const int64_t silent_ms =
      *count == baseline.keep_alives ? past.now_ms - baseline.keep_alive_ms : 0;
  const Evidence evidence{fmt::format("{} ms of silence", silent_ms),
                          fmt::format("at most {} ms: {} periods as seen here ({})", limit_ms,
                                      past.limits.keep_alive_periods, kOurs),
                          "hw_counters/keep_alive_rcvd"};
  if (silent_ms > limit_ms) {
    findings.fail(check, subject, fmt::format("no keep-alive for {} s", silent_ms / 1000),
                  evidence);
  } else {
    findings.pass(check, subject, "keep-alives come", evidence);
  }
}

const CounterBaseline* baseline_of(const Past& past, const RdmaDevice& device) {
  for (const CounterBaseline& baseline : past.baselines) {
    const bool same = baseline.registration == device.registration.value_or(0);
    const bool past_time = baseline.at_ms <= past.now_ms && baseline.keep_alive_ms <= past.now_ms;
    if (baseline.address == device.address && same && past_time) return &baseline;
  }
  return nullptr;
}

// Those that were read to their end.
const Counters* counters_of(const Node& node, const PciAddress& address) {
  const Counters* counters = find_device(node.rdma.facts.counters, address);
  return counters != nullptr && !counters->error ? counters : nullptr;
}

void judge_growths(const Node& node, const Expectation& expectation, const Counters& counters,
                   const Sample& sample, Findings& findings) {
  const bool without_tests =
      is_without_gpu_memory(node, expectation) && may_be_tests_of_libfabric(counters, sample);
  for (Growth& growth : growths(expectation.past.limits)) {
    if (without_tests) {
      std::erase_if(growth.limits, [](const Limit& limit) {
        return std::string_view(limit.counter) == "reg_mr_err";
      });
    }
    judge_growth(growth, counters, sample, expectation.past, findings);
  }
}

void judge_device(const Node& node, const RdmaDevice& device, const Expectation& expectation,
                  Findings& findings) {
  const Past& past = expectation.past;
  const std::string subject = device.address.to_text();
  const Counters* counters = counters_of(node, device.address);
  const CounterBaseline* baseline = baseline_of(past, device);
  const std::optional<Sample> sample =
      baseline == nullptr ? std::nullopt : sample_of(*baseline, past.now_ms);
  if (counters != nullptr && sample) {
    judge_growths(node, expectation, *counters, *sample, findings);
    judge_keep_alive(past, *counters, *baseline, findings);
    return;
  }
  for (const Check* check : kCountersChecks) {
    if (counters == nullptr) {
      findings.unknown(*check, subject, "the counters were not read");
    } else {
      cannot_measure(past, *check, subject, "there is no earlier sample to compare with", findings);
    }
  }
}

}  // namespace

void judge_counters(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!node.live) return;  // a sysroot's counters stand still
  for (const RdmaDevice& device : node.rdma.facts.devices) {
    judge_device(node, device, expectation, findings);
  }
}

}  // namespace efa
