// What the nodes of a job found of each other, for a person: the verdict and the cause first, then
// the nodes by state as lists that scontrol takes.

#include <fmt/core.h>

#include "agent/mesh/report.h"
#include "agent/pair/figures.h"
#include "agent/report/findings.h"

namespace efa {
namespace {

void put_head(TextPage& page, const MeshReport& report) {
  constexpr double kMsOfSecond = 1000;
  page.paragraph(report.summary, 0, mark_of(report.verdict));
  page.paragraph(
      fmt::format("{} tests of two nodes in {} rounds, {:.1f} s", report.mesh.meetings.size(),
                  report.mesh.rounds, static_cast<double>(report.duration_ms) / kMsOfSecond),
      0);
}

// A list stays on one line, so that it can be pasted.
void put_lists(TextPage& page, const MeshReport& report) {
  constexpr NodeState kOrder[] = {NodeState::kFails,   NodeState::kAbsent, NodeState::kLost,
                                  NodeState::kUnknown, NodeState::kSlow,   NodeState::kWorks};
  page.line();
  for (const NodeState state : kOrder) {
    const std::vector<int> ranks = ranks_in(report, state);
    if (ranks.empty()) continue;
    page.line(
        fmt::format("{:<8} {:>5}  {}", word_of(state), ranks.size(), names_of(report.mesh, ranks)));
  }
}

void put_drain(TextPage& page, const MeshReport& report) {
  const std::vector<int> ranks = ranks_in(report, NodeState::kFails);
  if (ranks.empty()) return;
  page.line();
  page.paragraph("on Slurm, to keep jobs off the nodes that fail:", 0);
  page.command(fmt::format("scontrol update nodename={} state=drain reason=efa-doctor-mesh",
                           names_of(report.mesh, ranks)),
               4);
}

void put_rates(TextPage& page, const MeshReport& report) {
  std::vector<double> rates;
  for (const MeshMeeting& meeting : report.mesh.meetings) {
    if (meeting.outcome.rate) rates.push_back(*meeting.outcome.rate);
  }
  const std::optional<double> median = median_of(std::move(rates));
  if (!median) return;
  page.line();
  page.line("median bandwidth of a device: " + rate_words(*median));
}

}  // namespace

std::string render_mesh_text(const MeshReport& report, const TextStyle& style) {
  TextPage page(style);
  put_head(page, report);
  put_causes(page, report.judged.findings);
  if (report.verdict != Verdict::kHealthy) put_unknown(page, report.judged.findings);
  put_lists(page, report);
  put_drain(page, report);
  put_rates(page, report);
  return page.take(kMostOfFleet);
}

}  // namespace efa
