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

bool offers_nothing(const Seen<FabricFacts>& seen) {
  return seen.facts.getinfo_status.value_or(0) < 0 && seen.facts.devices.empty() &&
         seen.facts.has_provider != false;
}

}  // namespace

void judge_fabric_foreign(const Node& node, const Expectation& expectation, Findings& findings) {
  const Check& check = kFabricForeignDevice;
  const RdmaFacts& rdma = node.rdma.facts;
  if (!node.live || !expectation.expected || rdma.foreign_without_node.empty()) return;
  const std::string names = join(rdma.foreign_without_node, ", ");
  const Evidence evidence{names, "a device node each", "/dev/infiniband"};
  const auto any_fabric = [&](auto predicate) {
    return std::any_of(node.fabric.begin(), node.fabric.end(), predicate);
  };
  if (any_fabric([](const auto& seen) { return !seen.facts.devices.empty(); })) {
    findings.pass(check, kNodeSubject, "libfabric passes over " + names, evidence);
  } else if (!any_fabric(offers_nothing)) {
    findings.unknown(check, kNodeSubject, "no libfabric with the efa provider answered", evidence);
  } else if (std::any_of(rdma.devices.begin(), rdma.devices.end(), can_be_opened)) {
    findings.fail(check, kNodeSubject, names + " cannot be opened, and libfabric lists no EFA",
                  evidence);
  } else {
    findings.not_applicable(check, kNodeSubject, "no EFA device can be opened either", evidence);
  }
}

}  // namespace efa
