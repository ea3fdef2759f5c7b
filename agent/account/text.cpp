// The report of a fleet for a person: the verdict first, then each cause with the instances that it
// is of and what mends it.

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "agent/account/fleet_report.h"
#include "agent/account/infrastructure.h"
#include "probes/account/fleet.h"
#include "probes/base/text.h"
#include "probes/judging/remedy.h"

namespace efa {
namespace {

using SomeFindings = std::vector<const Finding*>;

void put_head(TextPage& page, const FleetReport& report) {
  const AccountFacts& facts = report.facts;
  page.paragraph(report.summary, 0, mark_of(report.verdict));
  std::map<std::string, size_t> types;
  for (const AccountInstance& instance : facts.instances) ++types[instance.type.value_or("?")];
  std::vector<std::string> about{report.fleet};
  for (const auto& [type, count] : types) about.push_back(fmt::format("{} x {}", count, type));
  if (!facts.region.empty()) about.push_back(facts.region);
  if (facts.caller) about.push_back(fmt::format("asked as {}", facts.caller->arn));
  page.paragraph(join(about, ", "), 0);
}

// "all 128", "3 of 128: i-1 i-2 i-3"; with `all` 0 they are no instances.
std::string words_of_subjects(const std::set<std::string>& subjects, size_t all) {
  if (subjects.size() == all && all > 1) return fmt::format("all {}", all);
  std::vector<std::string> shown(subjects.begin(), subjects.end());
  const size_t more = shown.size() > kMaxSubjects ? shown.size() - kMaxSubjects : 0;
  shown.resize(shown.size() - more);
  const std::string rest = more > 0 ? fmt::format(" and {} more", more) : "";
  if (all <= 1 || subjects.size() == 1) return join(shown, " ") + rest;
  return fmt::format("{} of {}: {}{}", subjects.size(), all, join(shown, " "), rest);
}

// The same words are said once, with all whom they are of.
void put_subjects(TextPage& page, const SomeFindings& findings, const AccountFacts& facts) {
  const bool of_instances = is_instance_of(facts, findings.front()->subject);
  const size_t all = of_instances ? facts.instances.size() : 0;
  std::map<std::string, std::set<std::string>> by_message;
  for (const Finding* finding : findings) by_message[finding->message].insert(finding->subject);
  size_t shown = 0;
  for (const auto& [message, subjects] : by_message) {
    if (shown++ == kMaxSubjects) break;
    page.paragraph(fmt::format("{}: {}", words_of_subjects(subjects, all), message), 4);
  }
  if (by_message.size() > kMaxSubjects) {
    page.line(fmt::format("    and {} more", by_message.size() - kMaxSubjects));
  }
}

void put_remedy(TextPage& page, const SomeFindings& findings) {
  const Finding& first = *findings.front();
  page.paragraph(fmt::format("fix ({}): {}", actor_words(first.check->actor), first.remedy_text()),
                 4);
  for (const std::string& command : commands_of(findings)) page.command(command, 4);
  for (const Described& described : described_remedy(findings)) {
    page.line(fmt::format("    {}:", described.tool));
    for (const std::string& line : described.lines) page.line("      " + line);
  }
}

void put_failing(TextPage& page, const FleetReport& report) {
  for (const Severity severity : {Severity::kCritical, Severity::kWarning, Severity::kInfo}) {
    std::map<std::string_view, SomeFindings> groups;
    for (const Finding& finding : report.findings) {
      const bool wanted = finding.result == FindingResult::kFail && finding.explained_by.empty() &&
                          finding.check->severity == severity;
      if (wanted) groups[finding.check->code].push_back(&finding);
    }
    for (const auto& [code, findings] : groups) {
      page.line();
      page.paragraph(fmt::format("{}: {}", code, findings.front()->check->title), 4,
                     mark_of(severity));
      put_subjects(page, findings, report.facts);
      put_remedy(page, findings);
    }
  }
}

void put_explained(TextPage& page, const FleetReport& report) {
  std::map<std::string, std::map<std::string_view, size_t>> explained;  // by its cause
  for (const Finding& finding : report.findings) {
    const bool follows = finding.result == FindingResult::kFail && !finding.explained_by.empty();
    if (follows) ++explained[finding.explained_by][finding.check->code];
  }
  if (!explained.empty()) page.line();
  for (const auto& [cause, codes] : explained) {
    std::vector<std::string> parts;
    for (const auto& [code, count] : codes) parts.push_back(fmt::format("{} ({})", code, count));
    page.paragraph(fmt::format("because of {}: {}", cause, join(parts, ", ")), 0);
  }
}

// What could not be looked at: of each check the first reason, checks of one reason together.
void put_unknown(TextPage& page, const FleetReport& report) {
  struct Unknown {
    const Finding* first = nullptr;
    size_t others = 0;  // for other reasons
  };
  std::map<std::string_view, Unknown> by_code;
  for (const Finding& finding : report.findings) {
    if (finding.result != FindingResult::kUnknown || !finding.explained_by.empty()) continue;
    Unknown& unknown = by_code[finding.check->code];
    if (unknown.first == nullptr) unknown.first = &finding;
    if (unknown.first->message != finding.message) ++unknown.others;
  }
  std::map<std::pair<std::string_view, size_t>, std::vector<std::string>> reasons;
  for (const auto& [code, unknown] : by_code) {
    reasons[{unknown.first->message, unknown.others}].emplace_back(code);
  }
  if (!reasons.empty()) page.line();
  for (const auto& [reason, codes] : reasons) {
    const std::string others =
        reason.second == 0 ? "" : fmt::format("; {} more for other reasons", reason.second);
    page.paragraph(fmt::format("{}: {}{}", join(codes, ", "), reason.first, others), 4,
                   {"UNKNOWN ", "36"});
  }
}

// What the nodes say of themselves, and what of the account explains it.
void put_nodes(TextPage& page, const FleetReport& report) {
  std::map<std::pair<std::string, std::string>, std::set<std::string>> causes;
  for (const AccountNode& node : report.facts.nodes) {
    for (const std::string& code : node.root_causes) {
      causes[{code, explained_by_account(node.instance, code, report.findings)}].insert(
          node.instance);
    }
  }
  if (report.facts.nodes.empty()) return;
  page.line();
  page.paragraph(fmt::format("{} of nodes read{}", counted(report.facts.nodes.size(), "report"),
                             causes.empty() ? ": no root cause in any" : ""),
                 0);
  for (const auto& [cause, nodes] : causes) {
    const auto& [code, explained_by] = cause;
    const std::string why =
        explained_by.empty() ? "not by what AWS was asked" : "explained by " + explained_by;
    page.paragraph(
        fmt::format("{} ({}), {}", code, words_of_subjects(nodes, report.facts.nodes.size()), why),
        4);
  }
}

void put_foot(TextPage& page, const FleetReport& report) {
  size_t passed = 0;
  for (const auto& [code, counts] : report.counts)
    passed += counts.failed == 0 && counts.unknown == 0;
  page.line();
  const std::string checks = report.counts.empty()
                                 ? ""
                                 : fmt::format("{} of {} pass or do not apply; ", passed,
                                               counted(report.counts.size(), "check"));
  page.paragraph(fmt::format("{}looked for {} ms", checks, report.duration_ms), 0);
}

}  // namespace

std::string render_fleet_text(const FleetReport& report, const TextStyle& style) {
  TextPage page(style);
  put_head(page, report);
  put_failing(page, report);
  put_explained(page, report);
  put_unknown(page, report);
  put_nodes(page, report);
  put_foot(page, report);
  return page.take(kMostOfFleet);
}

}  // namespace efa
