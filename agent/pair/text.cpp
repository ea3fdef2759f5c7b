// A test of two nodes for a person: the verdict and the cause first, then a row for each pair of
// devices.

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "agent/pair/figures.h"
#include "agent/pair/judge.h"
#include "agent/pair/report.h"
#include "agent/report/findings.h"
#include "probes/base/text.h"

namespace efa {
namespace {

std::string words_of(const PairHello& hello) {
  std::vector<std::string> known;
  for (const auto& part : {hello.instance_id, hello.instance_type, hello.zone_id}) {
    if (part) known.push_back(*part);
  }
  known.push_back("driver " + hello.driver.value_or("unknown"));
  known.push_back("rdma-core " + hello.rdma_core.value_or("unknown"));
  return join(known, ", ");
}

void put_head(TextPage& page, const PairReport& report) {
  page.paragraph(report.summary, 0, mark_of(report.verdict));
  page.paragraph("this node: " + words_of(report.own), 0);
  page.paragraph(report.server + ": " + (report.other ? words_of(*report.other) : "not reached"),
                 0);
}

const PairFigure* latency_figure(const PairRail& rail) {
  for (const PairFigure& figure : rail.figures) {
    if (figure.latency) return &figure;
  }
  return nullptr;
}

std::string latency_words(const PairRail& rail) {
  const PairFigure* figure = latency_figure(rail);
  if (figure == nullptr) return "-";
  const PairLatency& latency = *figure->latency;
  return fmt::format("{}: {}, p99 {}", size_words(figure->bytes), time_words(latency.median_ns),
                     time_words(latency.p99_ns));
}

using Rails = std::vector<const PairRail*>;

// Those by libibverbs first, then by each libfabric, as they were tested.
std::vector<Rails> engines_of(const PairReport& report) {
  std::vector<Rails> engines;
  for (const PairRail& rail : report.rails) {
    const bool same = !engines.empty() && engines.back()[0]->copies.file == rail.copies.file;
    if (!same) engines.emplace_back();
    engines.back().push_back(&rail);
  }
  return engines;
}

void put_rails(TextPage& page, const PairReport& report, const Rails& rails, bool bars) {
  double most = 0;
  for (const PairRail* rail : rails) most = std::max(most, best_rate(*rail).value_or(0));
  page.line();
  if (by_libfabric(*rails[0])) {
    page.paragraph(libfabrics_of(*rails[0]) + ", " + rails[0]->copies.file, 0);
  }
  page.line(fmt::format("{:<6} {:<29} {:<29} {}", "", "device to peer", "latency (half round trip)",
                        "bandwidth"));
  constexpr size_t kBar = 20;
  for (const PairRail* one : rails) {
    const PairRail& rail = *one;
    const PairFigure* rate = rate_figure(rail);
    std::string bandwidth = "-";
    if (rate != nullptr) {
      bandwidth =
          fmt::format("{} {}: {}", size_words(rate->bytes), rate->way, rate_words(*rate->rate));
      if (bars) bandwidth += " " + bar_of(*rate->rate, most, kBar);
    }
    page.line(fmt::format("{:<6} {:<29} {:<29} {}", state_of(report, rail), devices_of(rail),
                          latency_words(rail), bandwidth));
  }
}

// fi_pingpong's beside ours, of the pair of devices that it was asked for.
void put_compared(TextPage& page, const Rails& rails) {
  for (const PairRail* rail : rails) {
    for (const PairFigure& figure : rail->figures) {
      if (!figure.pingpong_ns) continue;
      page.line(fmt::format("{:<9} mean latency   {:<12} of fi_pingpong {}, {}",
                            size_words(figure.bytes),
                            figure.latency ? time_words(figure.latency->mean_ns) : "-",
                            time_words(*figure.pingpong_ns), devices_of(*rail)));
    }
    if (!rail->not_compared.empty()) page.paragraph("not compared: " + rail->not_compared, 0);
  }
}

// Of each size, over all pairs.
void put_sizes(TextPage& page, const Rails& rails) {
  std::map<uint64_t, std::pair<std::vector<double>, std::vector<double>>> sizes;
  for (const PairRail* rail : rails) {
    for (const PairFigure& figure : rail->figures) {
      auto& [latencies, rates] = sizes[figure.bytes];
      if (figure.latency) latencies.push_back(static_cast<double>(figure.latency->median_ns));
      if (figure.rate) rates.push_back(*figure.rate);
    }
  }
  if (!sizes.empty()) page.line();
  for (const auto& [bytes, values] : sizes) {
    const auto latency = median_of(values.first);
    const auto rate = median_of(values.second);
    page.line(fmt::format("{:<9} median latency {:<12} median bandwidth {}", size_words(bytes),
                          latency ? time_words(static_cast<int64_t>(*latency)) : "-",
                          rate ? rate_words(*rate) : "-"));
  }
  put_compared(page, rails);
}

}  // namespace

std::string render_pair_text(const PairReport& report, const TextStyle& style, bool bars) {
  TextPage page(style);
  put_head(page, report);
  put_causes(page, report.findings);
  if (report.verdict != Verdict::kHealthy) put_unknown(page, report.findings);
  for (const Rails& rails : engines_of(report)) {
    put_rails(page, report, rails, bars);
    put_sizes(page, rails);
  }
  return page.take(kMostOfFleet);
}

}  // namespace efa
