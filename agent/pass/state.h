// What one pass leaves for the next, in state.json: the number of the pass, and of this boot:
// which devices and which jobs on them it has had, which processes could not be killed, counters
// to compare with, since when checks fail and by what they were judged. Times are of
// CLOCK_BOOTTIME, which nobody sets; those of a file of version 0.1.0, which are of the wall clock,
// lie far in its future and count for nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/config/weights.h"
#include "agent/diagnose/history.h"
#include "agent/run/left_process.h"
#include "probes/base/result.h"
#include "probes/cloud/facts.h"
#include "probes/protocol/pci_address.h"
#include "probes/rdma/counter_limits.h"

namespace efa {

constexpr size_t kMaxJobs = 256;  // that are remembered

// What of the configuration findings depend on, as it is written there.
struct Criteria {
  std::string expect;
  std::vector<std::string> set_aside;
  WeightWords checks;
  CounterLimits limits;

  bool operator==(const Criteria&) const = default;
};

template <class Io>
void describe(Io& io, Criteria& criteria) {
  io("expect", criteria.expect);
  io("set_aside", criteria.set_aside);
  io("checks", criteria.checks);
  io("limits", criteria.limits);
}

struct State {
  std::string boot_id;
  int64_t sequence = 0;
  std::vector<PciAddress> devices;  // seen since that boot
  std::vector<LeftProcess> left;
  std::vector<CounterBaseline> baselines;
  std::vector<ErrorBaseline> pci_errors;
  std::vector<std::string> jobs;  // that had EFA open, the newest last
  History history;
  bool confirming = false;       // the pass before saw a recovery
  CloudFacts metadata;           // where its status is "ok"
  std::vector<int> interfaces;   // then: numbers of the network interfaces, rtnetlink(7)
  std::optional<int64_t> moved;  // EFA devices that moved data in the last test of this boot
  // By which the history was found; an older version did not say it.
  std::optional<Criteria> judged_by;
};

template <class Io>
void describe(Io& io, State& state) {
  io("boot_id", state.boot_id);
  io("sequence", state.sequence);
  io("devices", state.devices);
  io("left", state.left);
  io("baselines", state.baselines);
  io("pci_errors", state.pci_errors);
  io("jobs", state.jobs);
  io("history", state.history);
  io("confirming", state.confirming);
  io("metadata", state.metadata);
  io("interfaces", state.interfaces);
  io("moved", state.moved);
  io("judged_by", state.judged_by);
}

// From the text of a state file what is whole and plausible of it; the rest costs itself alone.
State salvaged(const Value& file);
// Whether the times and numbers are such as passes make, so that they can be computed with.
bool is_plausible(const State& state);
bool is_plausible_time(int64_t unix_ms);

// Forgets what belongs to another boot, and processes that the kernel no longer holds.
void refresh(State& state, const std::string& boot_id);
// Findings that were made by other criteria are no past of those to come: what only the
// configuration changed neither came nor went, and is not "as last seen".
void forget_unless_judged_by(State& state, const Criteria& criteria);

// What the pass that begins knows; its sequence is that of no other pass, also when two begin at
// once. A missing file is an empty state: nothing is known of earlier passes.
State begin_pass(const std::string& path, bool keep);
// The highest number that a pass has by now.
Result<int64_t> end_pass(const std::string& path, State state);

}  // namespace efa
