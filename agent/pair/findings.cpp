#include "agent/pair/findings.h"

#include <fmt/core.h>

#include "probes/base/printable.h"
#include "probes/judging/findings.h"

namespace efa {

Finding finding_of(const Check& check, FindingResult result, std::string subject,
                   std::string message) {
  Finding finding = make_finding(check, result, std::move(subject), std::move(message));
  finding.drain_first = check.drain_first && result == FindingResult::kFail;
  return finding;
}

Finding of_nodes(const Check& check, FindingResult result, std::string message) {
  return finding_of(check, result, "nodes", std::move(message));
}

const char* name_of(PairSide side) {
  return side == PairSide::kOwn ? "this node" : "the other node";
}

bool by_libfabric(const PairRail& rail) {
  return !rail.copies.file.empty();
}

std::string devices_of(const PairRail& rail) {
  return rail.own.address.to_text() + " to " + rail.other.address.to_text();
}

std::string subject_of(const PairRail& rail) {
  return by_libfabric(rail) ? devices_of(rail) + " by " + rail.copies.file : devices_of(rail);
}

std::string libfabrics_of(const PairRail& rail) {
  return fmt::format("libfabric {} here, {} there",
                     rail.own_setup.version.value_or(rail.copies.file),
                     printable(rail.other_setup.version.value_or(rail.copies.other_file)));
}

}  // namespace efa
