#include "agent/pass/node_facts.h"

#include "probes/judging/site_probe.h"
#include "probes/judging/table.h"

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

}  // namespace efa
