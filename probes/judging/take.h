// How what a probe said becomes its member of Node: for the rows of the table of probes.
#pragma once

#include <span>

#include "probes/base/describe.h"
#include "probes/judging/table.h"

namespace efa {

// Judges compare every device with every other: no list of a recording that was made up, or of a
// library that went wrong, is longer than that of a machine.
void bound_devices(Seen<PciFacts>& seen);
void bound_devices(Seen<RdmaFacts>& seen);
void bound_devices(Seen<VerbsFacts>& seen);
void bound_devices(Seen<DataFacts>& seen);
void bound_devices(Seen<TopologyFacts>& seen);
void bound_devices(Seen<GpuFacts>& seen);
void bound_devices(Seen<CloudFacts>& seen);
template <class Facts>
void bound_devices(Seen<Facts>& /*it lists none*/) {}

// Facts of the wrong shape make the outcome kFailed; those before them stay.
template <class Facts>
void take_answer(const Answer& answer, Seen<Facts>& seen) {
  seen.outcome = answer.outcome;
  Result<Facts> facts = from_value<Facts>(answer.facts, answer.outcome.name);
  if (facts) {
    seen.facts = std::move(*facts);
    return;
  }
  seen.outcome.status = ProbeStatus::kFailed;
  seen.outcome.detail = message_of(facts.error());
}

template <auto kMember>
void take_one(const ProbeRow& row, std::span<const Answer> answers, Node& node) {
  auto& seen = node.*kMember;
  seen.outcome.name = row.name;
  seen.outcome.status = ProbeStatus::kFailed;
  seen.outcome.detail = "it was not run";  // as in a recording of a version without it
  for (const Answer& answer : answers) {
    if (answer.outcome.name == row.name) take_answer(answer, seen);
  }
  bound_devices(seen);
}

// Who provides peer memory is asked of one EFA device, by probe-gpu; it is a fact of that device.
void take_gpu(const ProbeRow& row, std::span<const Answer> answers, Node& node);

// In a pass that was not told to, or a recording of one, there is nothing of it.
template <auto kMember>
void take_requested(const ProbeRow& row, std::span<const Answer> answers, Node& node) {
  for (const Answer& answer : answers) {
    if (answer.outcome.name != row.name) continue;
    auto& seen = (node.*kMember).emplace();
    take_answer(answer, seen);
    bound_devices(seen);
  }
}

template <auto kMember>
void take_each(const ProbeRow& row, std::span<const Answer> answers, Node& node) {
  for (const Answer& answer : answers) {
    if (probe_of(answer.outcome.name) == &row) take_answer(answer, (node.*kMember).emplace_back());
  }
}

template <auto kMember>
void add_outcome(const Node& node, std::vector<const ProbeOutcome*>& outcomes) {
  outcomes.push_back(&(node.*kMember).outcome);
}

template <auto kMember>
void add_requested_outcome(const Node& node, std::vector<const ProbeOutcome*>& outcomes) {
  if (node.*kMember) outcomes.push_back(&(node.*kMember)->outcome);
}

template <auto kMember>
void add_each_outcome(const Node& node, std::vector<const ProbeOutcome*>& outcomes) {
  for (const auto& seen : node.*kMember) outcomes.push_back(&seen.outcome);
}

}  // namespace efa
