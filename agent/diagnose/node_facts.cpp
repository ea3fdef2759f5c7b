#include "agent/diagnose/node_facts.h"

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

}  // namespace

Node node_of(const std::vector<ProbeRun>& runs, bool live) {
  Node node;
  node.live = live;
  for (const ProbeRun& run : runs) {
    const std::string& name = run.outcome.name;
    if (name == "pci") take(run, node.pci);
    if (name == "kernel") take(run, node.kernel);
    if (name == "rdma") take(run, node.rdma);
    if (name == "verbs") take(run, node.verbs);
    if (name == "topology") take(run, node.topology);
    if (name == "net") take(run, node.net);
    if (name == "limits") take(run, node.limits);
    if (name == "software") take(run, node.software);
    if (name == "log") take(run, node.log);
    if (name == "cloud") take(run, node.cloud);
    if (name == "jobs") take(run, node.jobs);
    if (name.starts_with("fabric")) take(run, node.fabric.emplace_back());
    if (name.starts_with("site:")) node.site.push_back({run.outcome, run.transcript.findings()});
  }
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
