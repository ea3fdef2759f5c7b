#include "agent/diagnose/node_facts.h"

#include "probes/protocol/site_probe.h"
#include "probes/table.h"

namespace efa {

Node node_of(const std::vector<ProbeRun>& runs, bool live) {
  Node node;
  node.live = live;
  std::vector<Answer> answers;
  for (const ProbeRun& run : runs) answers.push_back({run.outcome, run.transcript.facts()});
  for (const ProbeRow& row : probe_table()) row.take(row, answers, node);
  for (const ProbeRun& run : runs) {
    if (!is_site_probe(run.outcome.name)) continue;
    node.site.push_back({run.outcome, run.transcript.findings()});
  }
  return node;
}

std::vector<const ProbeOutcome*> outcomes_of(const Node& node) {
  std::vector<const ProbeOutcome*> outcomes;
  for (const Runs runs : {Runs::kOnce, Runs::kForEachLibfabric}) {
    for (const ProbeRow& row : probe_table()) {
      if (row.runs == runs) row.add_outcomes(node, outcomes);
    }
  }
  for (const SiteProbe& probe : node.site) outcomes.push_back(&probe.outcome);
  return outcomes;
}

}  // namespace efa
