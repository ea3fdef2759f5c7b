// What one pass leaves for the next, in state.json: the number of the pass, and of this boot:
// which devices it has had, which processes could not be killed, counters to compare with, since
// when checks fail. Times are of CLOCK_BOOTTIME, which nobody sets; those of a file of version
// 0.1.0, which are of the wall clock, lie far in its future and count for nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/diagnose/history.h"
#include "agent/run/left_process.h"
#include "probes/base/result.h"
#include "probes/cloud/facts.h"
#include "probes/protocol/pci_address.h"

namespace efa {

struct State {
  std::string boot_id;
  int64_t sequence = 0;
  std::vector<PciAddress> devices;  // seen since that boot
  std::vector<LeftProcess> left;
  std::vector<CounterBaseline> baselines;
  std::vector<ErrorBaseline> pci_errors;
  History history;
  bool confirming = false;       // the pass before saw a recovery
  CloudFacts metadata;           // where its status is "ok"
  std::vector<int> interfaces;   // then: numbers of the network interfaces, rtnetlink(7)
  std::optional<int64_t> moved;  // EFA devices that moved data in the last test of this boot
};

template <class Io>
void describe(Io& io, State& state) {
  io("boot_id", state.boot_id);
  io("sequence", state.sequence);
  io("devices", state.devices);
  io("left", state.left);
  io("baselines", state.baselines);
  io("pci_errors", state.pci_errors);
  io("history", state.history);
  io("confirming", state.confirming);
  io("metadata", state.metadata);
  io("interfaces", state.interfaces);
  io("moved", state.moved);
}

// From the text of a state file what is whole and plausible of it; the rest costs itself alone.
State salvaged(const Value& file);
// Whether the times and numbers are such as passes make, so that they can be computed with.
bool is_plausible(const State& state);
bool is_plausible_time(int64_t unix_ms);

// Forgets what belongs to another boot, and processes that the kernel no longer holds.
void refresh(State& state, const std::string& boot_id);

// What the pass that begins knows; its sequence is that of no other pass, also when two begin at
// once. A missing file is an empty state: nothing is known of earlier passes.
State begin_pass(const std::string& path, bool keep);
// The highest number that a pass has by now.
Result<int64_t> end_pass(const std::string& path, State state);

}  // namespace efa
