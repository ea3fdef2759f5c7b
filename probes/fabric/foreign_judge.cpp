// Judges whether RDMA devices of others keep libfabric from listing EFA.

#include <algorithm>

#include "probes/base/text.h"
#include "probes/fabric/checks.h"
#include "probes/judging/node.h"

namespace efa {
namespace {

bool can_be_opened(const RdmaDevice& device) {
  return device.uverbs && device.uverbs->open_errno == 0;
}

}  // namespace

void judge_fabric_foreign(const Node& node, const Expectation& expectation, Findings& findings) {
  const Check& check = kFabricForeignDevice;
  const RdmaFacts& rdma = node.rdma.facts;
  if (!node.live || !expectation.expected || rdma.foreign_closed.empty()) return;
  const std::string names = join(rdma.foreign_closed, ", ");
  const Evidence evidence{names, "it opens, or has no node here", "/dev/infiniband"};
  const bool listed = std::any_of(node.fabric.begin(), node.fabric.end(),
                                  [](const auto& seen) { return !seen.facts.devices.empty(); });
  if (listed) {
    findings.pass(check, kNodeSubject, "libfabric passes over " + names, evidence);
  } else if (!libfabric_lists_none(node)) {
    findings.unknown(check, kNodeSubject, "no libfabric with the efa provider answered", evidence);
  } else if (node.limits.facts.from_container == true) {
    findings.unknown(check, kNodeSubject,
                     "seen from a pod with foreign devices: " + names + " cannot be opened in it",
                     evidence);
  } else if (std::any_of(rdma.devices.begin(), rdma.devices.end(), can_be_opened)) {
    findings.fail(check, kNodeSubject, names + " cannot be opened, and libfabric lists no EFA",
                  evidence);
  } else {
    findings.not_applicable(check, kNodeSubject, "no EFA device can be opened either", evidence);
  }
}

}  // namespace efa
