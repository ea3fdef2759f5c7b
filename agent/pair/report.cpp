#include "agent/pair/report.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "agent/pair/judge.h"
#include "agent/report/findings.h"
#include "probes/base/text.h"
#include "probes/pair/checks.h"

namespace efa {
namespace {

// Nothing is known of the devices where it fails.
bool leaves_unknown(const Finding& finding) {
  constexpr const Check* kBlind[] = {&kPairNoControlTimeout, &kPairNoControlRefused,
                                     &kPairNoControlName,    &kPairRefused,
                                     &kPairPeerGone,         &kPairInUse};
  const auto is_it = [&](const Check* check) { return check->code == finding.check->code; };
  return std::any_of(std::begin(kBlind), std::end(kBlind), is_it);
}

// Of a pair of devices: those of the places say nothing of the test.
bool leaves_untested(const Finding& finding) {
  return finding.result == FindingResult::kUnknown && finding.check->code == kPairInUse.code;
}

// What a finding says, the worst last.
enum class Word { kNothing, kWorks, kWarns, kUnknown, kFails };

Word word_of(const PairReport& report, const Finding& finding) {
  if (leaves_untested(finding)) return Word::kUnknown;
  if (!is_failing(finding)) return Word::kNothing;
  if (finding.check->severity == Severity::kWarning) return Word::kWarns;
  return leaves_unknown(finding) || !report.other ? Word::kUnknown : Word::kFails;
}

struct Counts {
  size_t pairs = 0;  // of devices, by whatever they were used
  size_t passed = 0;
  size_t failed = 0;
  size_t unknown = 0;
  size_t warned = 0;
};

// A pair of devices counts once; what is said of none of them counts too.
Counts counts_of(const PairReport& report) {
  std::map<std::string, std::string> devices;  // by the subject of each test
  std::map<std::string, Word> words;
  for (const PairRail& rail : report.rails) {
    devices[subject_of(rail)] = devices_of(rail);
    words[devices_of(rail)] = Word::kWorks;
  }
  Counts counts{.pairs = words.size()};
  for (const Finding& finding : report.findings) {
    const auto pair = devices.find(finding.subject);
    Word& word = words[pair == devices.end() ? finding.subject : pair->second];
    word = std::max(word, word_of(report, finding));
  }
  for (const auto& [subject, word] : words) {
    if (word == Word::kWorks || word == Word::kWarns) ++counts.passed;
    if (word == Word::kWarns) ++counts.warned;
    if (word == Word::kUnknown) ++counts.unknown;
    if (word == Word::kFails) ++counts.failed;
  }
  return counts;
}

const Finding* gravest(const PairReport& report) {
  const Finding* first = nullptr;
  for (const Finding& finding : report.findings) {
    if (!is_failing(finding)) continue;
    const auto rank = [](const Finding& one) {
      return std::pair(leaves_unknown(one), one.check->severity);
    };
    if (first == nullptr || rank(finding) < rank(*first)) first = &finding;
  }
  return first;
}

Verdict verdict_of(const Counts& counts) {
  if (counts.failed > 0) return Verdict::kUnhealthy;
  if (counts.passed == 0) return Verdict::kUnknown;
  return counts.warned + counts.unknown > 0 ? Verdict::kDegraded : Verdict::kHealthy;
}

std::string devices_words(size_t count) {
  return fmt::format("{} pair{} of devices", count, count == 1 ? "" : "s");
}

// By libfabric, where nothing else was asked for.
std::string words_of_untested(const PairReport& report) {
  for (const Finding& finding : report.findings) {
    if (finding.check->code == kPairLibfabric.code) return finding.message;
  }
  return "nothing was tested";
}

std::string words_of_none(const PairReport& report) {
  const PairHello& other = *report.other;
  for (const PairHello* hello : {&report.own, &other}) {
    const char* who = hello == &other ? "the other node" : "this node";
    if (hello->devices.empty()) return fmt::format("{} has {}", who, why_no_device(*hello));
  }
  if (!rails_of(report.own.devices, other.devices).empty()) return words_of_untested(report);
  return "no device of this node has its like on the other";
}

std::string summary_of(const PairReport& report, const Counts& counts) {
  const Finding* first = gravest(report);
  const size_t all = counts.pairs;
  if (first == nullptr) {
    if (all == 0) return words_of_none(report);
    std::string words = fmt::format("{} of {} work", counts.passed, devices_words(all));
    if (counts.unknown > 0) words += fmt::format(": {} could not be tested", counts.unknown);
    return words;
  }
  std::string title(first->check->title);
  if (all == 0) return title;
  return fmt::format("{} of {} work: {}", counts.passed, devices_words(all), title);
}

Value figure_value(const PairFigure& figure) {
  Value value;
  value.set("bytes", figure.bytes);
  if (figure.latency) value.set("latency", to_value(*figure.latency));
  if (figure.rate) {
    value.set("way", figure.way);
    value.set("bits_per_second", static_cast<int64_t>(*figure.rate));
  }
  if (figure.pingpong_ns) value.set("fi_pingpong_ns", *figure.pingpong_ns);
  if (!figure.why_not.empty()) value.set("not_taken", figure.why_not);
  return value;
}

void set_known(Value& value, const char* name, const std::optional<std::string>& text) {
  if (text) value.set(name, *text);
}

Value rail_value(const PairReport& report, const PairRail& rail) {
  Value value;
  value.set("subject", subject_of(rail));
  value.set("state", lower_case(state_of(report, rail)));
  if (by_libfabric(rail)) {
    value.set("library", rail.copies.file);
    set_known(value, "own_version", rail.own_setup.version);
    set_known(value, "other_version", rail.other_setup.version);
  }
  value.set("own", to_value(rail.own));
  value.set("other", to_value(rail.other));
  value.set("messages", rail.passed);
  if (rail.broken && rail.broken->answer.transfer) {
    value.set("transfer", to_value(*rail.broken->answer.transfer));
  }
  value.set("own_counters_grew", to_value(rail.own_grew));
  value.set("other_counters_grew", to_value(rail.other_grew));
  Array figures;
  for (const PairFigure& figure : rail.figures) figures.push_back(figure_value(figure));
  value.set("figures", std::move(figures));
  if (!rail.not_compared.empty()) value.set("not_compared", rail.not_compared);
  return value;
}

}  // namespace

std::vector<std::string> root_causes_of(const PairReport& report) {
  std::vector<std::string> codes;
  if (const Finding* first = gravest(report)) codes.emplace_back(first->check->code);
  for (const Finding& finding : report.findings) {
    const std::string code(finding.check->code);
    if (is_failing(finding) && !is_one_of(code, codes)) codes.push_back(code);
  }
  return codes;
}

// Who leads names the cause; here only whether it works.
const char* state_of(const PairReport& report, const PairRail& rail) {
  const std::string subject = subject_of(rail);
  const char* state = "ok";
  for (const Finding& finding : report.findings) {
    if (finding.subject != subject) continue;
    if (leaves_untested(finding)) return "?";
    if (!is_failing(finding)) continue;
    if (finding.check->code == kPairSlow.code) return "slow";
    if (finding.check->code == kPairInUse.code) return "in use";
    return leaves_unknown(finding) ? "?" : "FAILS";
  }
  return state;
}

void conclude(PairReport& report) {
  const Counts counts = counts_of(report);
  report.verdict = verdict_of(counts);
  report.summary = summary_of(report, counts);
}

Value pair_value(const PairReport& report) {
  Value value = head_value({.schema = "efa-doctor.pair.v1",
                            .started_at_ms = report.started_at_ms,
                            .duration_ms = report.duration_ms,
                            .verdict = report.verdict,
                            .summary = report.summary,
                            .root_causes = root_causes_of(report)});
  value.set("server", report.server);
  value.set("own", to_value(report.own));
  if (report.other) value.set("other", to_value(*report.other));
  value.set("findings", findings_value(report.findings));
  Array rails;
  for (const PairRail& rail : report.rails) rails.push_back(rail_value(report, rail));
  value.set("pairs", std::move(rails));
  return value;
}

}  // namespace efa
