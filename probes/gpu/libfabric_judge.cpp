// Judges whether libfabric can use dma-buf where P2P is closed. Before 2.5.0 it makes a dma-buf of
// no address that a program gives it (versions.h).

#include "probes/gpu/libfabric_judge.h"

#include <fmt/core.h>

#include <string>
#include <vector>

#include "probes/base/text.h"
#include "probes/gpu/checks.h"
#include "probes/gpu/path_judge.h"

namespace efa {
namespace {

// Of the copies that offer EFA and say of which release they are: "libfabric.so.1 (2.4)".
struct Copies {
  std::vector<std::string> older;
  std::vector<std::string> newer;
};

Copies copies_of(const Node& node) {
  Copies copies;
  for (const Seen<FabricFacts>& seen : node.fabric) {
    const std::string release = seen.facts.version.value_or("");
    const auto version = parse_version(release);
    if (!version || seen.facts.devices.empty()) continue;
    auto& of = is_at_least(*version, kLibfabricDmabuf) ? copies.newer : copies.older;
    of.push_back(fmt::format("{} ({})", seen.facts.library.value_or("libfabric"), release));
  }
  return copies;
}

}  // namespace

void judge_old_libfabric(const Node& node, const WayIn& p2p, const WayIn& dmabuf,
                         Findings& findings) {
  const Check& check = kGpuLibfabricNeedsP2p;
  const auto [older, newer] = copies_of(node);
  const Evidence evidence{join(older, ", "), "P2P open, or libfabric 2.5 or later",
                          "fi_version(), " + attribute_path(node.gpu.facts)};
  if (p2p.way == Way::kOpen) {
    findings.pass(check, kNodeSubject, "P2P is open: " + p2p.why, evidence);
  } else if (dmabuf.way != Way::kOpen) {
    findings.not_applicable(check, kNodeSubject, "no dma-buf is known to be open: " + dmabuf.why);
  } else if (node.limits.facts.from_container == true) {
    findings.not_applicable(check, kNodeSubject, "the libfabric is that of efa-doctor's container");
  } else if (older.empty() && newer.empty()) {
    findings.not_applicable(check, kNodeSubject,
                            "no libfabric here offers EFA and says of which release it is");
  } else if (older.empty()) {
    findings.pass(check, kNodeSubject, join(newer, ", ") + " takes dma-buf", evidence);
  } else if (p2p.way != Way::kClosed) {
    findings.unknown(check, kNodeSubject, join(older, ", ") + " needs P2P: " + p2p.why, evidence);
  } else {
    findings.fail(check, kNodeSubject, join(older, ", ") + " needs P2P here: " + p2p.why, evidence,
                  {kNewestInstaller, "", "1.50.0"});  // has libfabric 2.6
  }
}

}  // namespace efa
