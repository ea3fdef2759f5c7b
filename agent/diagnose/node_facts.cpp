#include "agent/diagnose/node_facts.h"

#include "probes/protocol/bounds.h"
#include "probes/protocol/describe.h"

namespace efa {
namespace {

template <class Facts>
void take(const ProbeRun& run, Seen<Facts>& seen) {
  seen.outcome = run.outcome;
  const Result<Facts> facts = from_value<Facts>(run.transcript.facts(), run.outcome.name);
  if (facts) {
    seen.facts = *facts;
    return;
  }
  seen.outcome.status = ProbeStatus::kFailed;
  seen.outcome.detail = message_of(facts.error());
}

template <class Facts>
void take(const std::vector<ProbeRun>& runs, const char* name, Seen<Facts>& seen) {
  seen.outcome.name = name;
  seen.outcome.status = ProbeStatus::kFailed;
  seen.outcome.detail = "it was not run";  // as in a recording of a version without it
  for (const ProbeRun& run : runs) {
    if (run.outcome.name == name) take(run, seen);
  }
}

template <class Facts, class Item>
void bound(Seen<Facts>& seen, std::vector<Item>& list) {
  constexpr size_t kMost = 2 * kMaxDevices;
  if (list.size() <= kMost) return;
  list.resize(kMost);
  seen.outcome.status = ProbeStatus::kFailed;
  seen.outcome.detail = "it lists more than " + std::to_string(kMost) + " devices";
}

// Judges compare every device with every other: no list of a recording that was made up, or of a
// library that went wrong, is longer than that of a machine.
void bound_lists(Node& node) {
  PciFacts& pci = node.pci.facts;
  for (auto* list : {&pci.efa, &pci.amazon_unknown}) bound(node.pci, *list);
  for (auto* list : {&pci.unidentified, &pci.ena, &pci.gpus, &pci.neuron}) bound(node.pci, *list);
  bound(node.rdma, node.rdma.facts.devices);
  bound(node.rdma, node.rdma.facts.counters);
  bound(node.rdma, node.rdma.facts.asked);
  bound(node.verbs, node.verbs.facts.devices);
  bound(node.verbs, node.verbs.facts.asked);
  bound(node.topology, node.topology.facts.efa);
  bound(node.cloud, node.cloud.facts.interfaces);
}

}  // namespace

Node node_of(const std::vector<ProbeRun>& runs, bool live) {
  Node node;
  node.live = live;
  take(runs, "pci", node.pci);
  take(runs, "kernel", node.kernel);
  take(runs, "rdma", node.rdma);
  take(runs, "verbs", node.verbs);
  take(runs, "topology", node.topology);
  take(runs, "net", node.net);
  take(runs, "limits", node.limits);
  take(runs, "software", node.software);
  take(runs, "log", node.log);
  take(runs, "cloud", node.cloud);
  take(runs, "jobs", node.jobs);
  for (const ProbeRun& run : runs) {
    const std::string& name = run.outcome.name;
    if (name.starts_with("fabric")) take(run, node.fabric.emplace_back());
    if (name.starts_with("site:")) node.site.push_back({run.outcome, run.transcript.findings()});
  }
  bound_lists(node);
  return node;
}

std::vector<const ProbeOutcome*> outcomes_of(const Node& node) {
  std::vector<const ProbeOutcome*> outcomes = {
      &node.pci.outcome,      &node.kernel.outcome, &node.rdma.outcome,   &node.verbs.outcome,
      &node.topology.outcome, &node.net.outcome,    &node.limits.outcome, &node.software.outcome,
      &node.log.outcome,      &node.cloud.outcome,  &node.jobs.outcome};
  for (const Seen<FabricFacts>& seen : node.fabric) outcomes.push_back(&seen.outcome);
  for (const SiteProbe& probe : node.site) outcomes.push_back(&probe.outcome);
  return outcomes;
}

}  // namespace efa
