#include "agent/mesh/pair_engine.h"

#include <fmt/core.h>

#include <algorithm>

#include "agent/pair/client.h"
#include "agent/pair/figures.h"
#include "agent/pair/hello.h"
#include "agent/pair/judge.h"
#include "agent/pair/report.h"
#include "agent/pair/server.h"
#include "probes/base/exit_codes.h"

namespace efa {
namespace {

// Of the gravest, the pairs of devices that have it, and what is said of the first.
std::string words_of(const PairReport& report, const std::string& code) {
  const Finding* first = nullptr;
  size_t others = 0;
  for (const Finding& finding : report.findings) {
    const bool has_words = is_failing(finding) || finding.result == FindingResult::kUnknown;
    if (!has_words || (!code.empty() && finding.check->code != code)) continue;
    if (first == nullptr) {
      first = &finding;
    } else {
      ++others;
    }
  }
  if (first == nullptr) return report.summary;
  std::string words = fmt::format("{}: {}", first->subject, first->message);
  if (others > 0) words += fmt::format("; and {} more", others);
  return words;
}

}  // namespace

MeshOutcome outcome_of(const PairReport& report) {
  MeshOutcome outcome;
  outcome.pairs = static_cast<int>(report.rails.size());
  std::vector<double> rates;
  for (const PairRail& rail : report.rails) {
    if (const auto rate = best_rate(rail); rate && !rail.broken) rates.push_back(*rate);
  }
  outcome.works = static_cast<int>(
      std::count_if(report.rails.begin(), report.rails.end(),
                    [](const PairRail& rail) { return !rail.broken && !rail.differs; }));
  const std::vector<std::string> causes = root_causes_of(report);
  const bool all_work = outcome.works == outcome.pairs && outcome.pairs > 0;
  if (all_work) {  // those that are slow are so in each test, and rates are compared by node
    outcome.result = MeshResult::kWorks;
    outcome.rate = median_of(std::move(rates));
    return outcome;
  }
  outcome.result =
      report.verdict == Verdict::kUnhealthy ? MeshResult::kFails : MeshResult::kUntested;
  outcome.code = causes.empty() ? "" : causes[0];
  outcome.words = words_of(report, outcome.code);
  return outcome;
}

Result<PairHello> PairEngine::hello() {
  if (!hello_) {
    Result<PairHello> hello = read_hello(ground_, options_.pair);
    if (!hello) return hello.error();
    hello_ = std::move(*hello);
  }
  return *hello_;
}

int PairEngine::serve(Fd listener) {
  const PairService service{.ground = ground_,
                            .token = token_,
                            .once = false,
                            .hello = [&] { return hello(); },
                            .tell = [](const std::string&) {}};
  return serve_pairs(service, std::move(listener)) ? 0 : kExitInternal;
}

MeshOutcome PairEngine::test(const MeshOrder& order) {
  constexpr int64_t kMsOfSecond = 1000;
  constexpr int64_t kLeastMs = 50;
  constexpr size_t kFailures = 2;  // a node without way would take 3 s for each of its devices
  const Result<std::vector<uint64_t>> sizes = parse_pair_sizes(options_.pair.sizes);
  const Result<PairHello> own = hello();
  if (!sizes || !own) return {.words = sizes ? own.error().what : sizes.error().what};
  const auto devices = static_cast<int64_t>(std::max<size_t>(own->devices.size(), 1));
  const PairPlan plan{.sizes = *sizes,
                      .ms = std::max(options_.pair.seconds * kMsOfSecond / devices, kLeastMs),
                      .failures = kFailures};
  return outcome_of(test_pair(ground_, {order.host, order.port, token_}, plan, *own));
}

}  // namespace efa
