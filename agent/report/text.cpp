// The report for a person: the verdict first, then how far the devices came, then each cause and
// what mends it, in the order of the root causes. AWS Systems Manager's list-command-invocations
// keeps 2,300 characters of it (page.h): what is longer is told in fewer words, causes and their
// fixes last, but on a terminal.

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "agent/report/configured.h"
#include "agent/report/detail.h"
#include "agent/report/funnel_line.h"
#include "agent/report/page.h"
#include "agent/report/report.h"
#include "probes/base/printable.h"
#include "probes/base/text.h"
#include "probes/judging/remedy.h"
#include "probes/judging/table.h"

namespace efa {
namespace {

using SomeFindings = std::vector<const Finding*>;

// The sentences, or else the words, of the beginning that are whole; of a word that takes most of
// it, its beginning.
std::string beginning_of(std::string_view text, size_t most) {
  std::string all = printable(text, kUncut);
  if (all.size() <= most) return all;
  const std::string part = all.substr(0, most);
  const size_t sentence = part.rfind(". ");
  const size_t word = part.find_last_of(' ');
  if (word == std::string::npos || word < most / 2) return printable(all, most);
  const bool whole_sentence = sentence != std::string::npos && sentence > most / 2;
  return part.substr(0, whole_sentence ? sentence : word) + " ...";
}

void put_head(TextPage& page, const Report& report, const Detail& detail) {
  const Diagnosis& diagnosis = report.diagnosis;
  page.paragraph(beginning_of(diagnosis.summary, detail.line), 0, mark_of(diagnosis.verdict));
  std::string about;
  const auto add = [&](const std::optional<std::string>& text, const char* of = "") {
    if (!text || text->empty()) return;
    about += (about.empty() ? "" : ", ") + std::string(of) + printable(*text, detail.word);
  };
  add(report.node.kernel.facts.hostname);
  add(report.node.cloud.facts.instance_id);
  add(report.node.cloud.facts.instance_type);
  add(report.node.cloud.facts.availability_zone_id);
  add(report.node.kernel.facts.release, "kernel ");
  add(report.node.kernel.facts.efa_version.value_or(""), "efa ");
  if (!about.empty()) page.paragraph(beginning_of(about, detail.line), 0);
}

// "all 32", "0000:10:1b.0 0000:20:1b.0", "0000:10:1b.0 ... and 12 more"
std::string words_of_lost(const FunnelStage& stage, size_t devices) {
  constexpr size_t kShown = 4;
  const size_t count = stage.lost.size();
  if (count == devices && count > 1) return fmt::format("all {}", count);
  std::vector<std::string> shown;
  for (size_t i = 0; i < std::min(count, kShown); ++i) {
    shown.push_back(stage.lost[i].to_text());
  }
  return join(shown, " ") + (count > kShown ? fmt::format(" and {} more", count - kShown) : "");
}

void put_funnel(TextPage& page, const Report& report, const Detail& detail) {
  if (!report.diagnosis.expectation.expected) return;
  page.line();
  page.line(funnel_line(report.diagnosis.funnel));
  if (!detail.lost) return;
  size_t devices = 0;
  for (const FunnelStage& stage : report.diagnosis.funnel) devices += stage.lost.size();
  devices = std::max(devices, report.node.pci.facts.efa.size());
  for (const FunnelStage& stage : report.diagnosis.funnel) {
    if (stage.lost.empty()) continue;
    page.paragraph(
        fmt::format("fail at {}: {}", rung_text(stage.rung), words_of_lost(stage, devices)), 2);
  }
}

std::string subject_of(const Finding& finding, const Detail& detail) {
  return printable(finding.subject, detail.word);
}

// "0000:10:1b.0 and 3 more: what was seen of it"
std::string words_of_one(const SomeFindings& findings, const Detail& detail) {
  const size_t more = findings.size() - 1;
  std::string text =
      subject_of(*findings.front(), detail) + (more > 0 ? fmt::format(" and {} more", more) : "");
  if (detail.message == 0) return text;
  return text + ": " + beginning_of(findings.front()->message, detail.message);
}

// The same words are said once, of all whom they are of.
bool say_the_same(const SomeFindings& findings) {
  return std::all_of(findings.begin(), findings.end(),
                     [&](const Finding* one) { return one->message == findings.front()->message; });
}

void put_subjects(TextPage& page, const SomeFindings& findings, const Detail& detail) {
  if (detail.subjects == 1) return page.paragraph(words_of_one(findings, detail), 4);
  const size_t shown = std::min(findings.size(), detail.subjects);
  if (shown > 1 && say_the_same(findings)) {
    std::vector<std::string> subjects;
    for (size_t i = 0; i < shown; ++i) subjects.push_back(subject_of(*findings[i], detail));
    const size_t more = findings.size() - shown;
    page.paragraph(fmt::format("{}{}: {}", join(subjects, " "),
                               more > 0 ? fmt::format(" and {} more", more) : "",
                               printable(findings.front()->message, detail.message)),
                   4);
    return;
  }
  for (size_t i = 0; i < shown; ++i) {
    page.paragraph(
        subject_of(*findings[i], detail) + ": " + printable(findings[i]->message, detail.message),
        4);
  }
  if (findings.size() > detail.subjects) {
    page.line(fmt::format("    and {} more", findings.size() - detail.subjects));
  }
}

void put_remedy(TextPage& page, const SomeFindings& findings, const Detail& detail) {
  const Finding& first = *findings.front();
  page.paragraph(fmt::format("fix ({}): {}", actor_words(first.check->actor),
                             beginning_of(first.remedy_text(), detail.remedy)),
                 4);
  const std::vector<std::string> commands = commands_of(findings);
  for (size_t i = 0; i < std::min(commands.size(), kMaxSubjects); ++i) {
    page.command(commands[i], 4);
  }
  if (commands.size() > kMaxSubjects) {
    page.line(fmt::format("    and {} more commands: --format json has them",
                          commands.size() - kMaxSubjects));
  }
}

void put_group(TextPage& page, const SomeFindings& findings, Severity gravity,
               const Detail& detail) {
  const Check& check = *findings.front()->check;
  page.line();
  const std::string title = beginning_of(check.title, detail.title);
  page.paragraph(std::string(check.code) + (title.empty() ? "" : ": " + title), 4,
                 mark_of(gravity));
  put_subjects(page, findings, detail);
  put_remedy(page, findings, detail);
}

void put_brief(TextPage& page, const SomeFindings& findings, Severity gravity,
               const Detail& detail) {
  const Finding& first = *findings.front();
  page.line();
  page.paragraph(fmt::format("{}: {}; fix ({}): {}", first.check->code,
                             words_of_one(findings, detail), actor_words(first.check->actor),
                             beginning_of(first.remedy_text(), detail.remedy)),
                 4, mark_of(gravity));
}

// What fails and nothing else explains. One check can have several remedies.
void put_causes(TextPage& page, const Report& report, const Detail& detail) {
  std::vector<std::string> notes;
  size_t told = 0;
  for (const Cause& cause : causes_of(report.diagnosis.findings)) {
    std::map<std::string_view, SomeFindings> groups;
    for (const Finding& finding : report.diagnosis.findings) {
      const bool wanted = finding.result == FindingResult::kFail && finding.explained_by.empty() &&
                          finding.check->code == cause.code;
      if (wanted) groups[finding.remedy_text()].push_back(&finding);
    }
    const bool note = cause.gravity == Severity::kInfo && !detail.notes;
    if (note) notes.push_back(cause.code);
    if (note) continue;
    for (const auto& [remedy, findings] : groups) {
      const auto put = told++ < detail.whole ? put_group : put_brief;
      put(page, findings, cause.gravity, detail);
    }
  }
  if (notes.empty()) return;
  page.line();
  page.paragraph(beginning_of(join(notes, ", "), detail.line) + " (efa-doctor explain CODE)", 4,
                 mark_of(Severity::kInfo));
}

using Counts = std::map<std::string_view, size_t>;  // code -> how often

// "verbs.cannot-open (3), verbs.not-listed"
std::string counted(const Counts& codes) {
  std::vector<std::string> parts;
  for (const auto& [code, count] : codes) {
    parts.push_back(std::string(code) + (count > 1 ? " (" + std::to_string(count) + ")" : ""));
  }
  return join(parts, ", ");
}

// What could not be looked at, a line for each reason: there is nothing to mend.
void put_unknown(TextPage& page, const Report& report, const Detail& detail) {
  std::map<std::string_view, SomeFindings> groups;  // by code
  for (const Finding& finding : report.diagnosis.findings) {
    const bool wanted = finding.result == FindingResult::kUnknown && finding.explained_by.empty();
    if (wanted) groups[finding.check->code].push_back(&finding);
  }
  if (groups.empty()) return;
  page.line();
  const Mark mark{"UNKNOWN ", "36"};
  if (!detail.reasons) {
    page.paragraph(fmt::format("{} checks could not look: --format json says why", groups.size()),
                   4, mark);
    return;
  }
  std::map<std::string_view, Counts> reasons;
  for (const auto& [code, findings] : groups) {
    reasons[findings.front()->message][code] = findings.size();
  }
  for (const auto& [reason, codes] : reasons) {
    const Finding& first = *groups.at(codes.begin()->first).front();
    const bool told = codes.size() == 1 && first.subject != kNodeSubject;
    page.paragraph(
        fmt::format("{}{}: {}", counted(codes), told ? ": " + first.subject : "", reason), 4, mark);
  }
}

void put_followers(TextPage& page, const Report& report) {
  std::map<std::string, Counts> explained;  // by its cause
  for (const Finding& finding : report.diagnosis.findings) {
    const bool fails = finding.result == FindingResult::kFail;
    if (fails && !finding.explained_by.empty())
      ++explained[finding.explained_by][finding.check->code];
  }
  if (explained.empty()) return;
  page.line();
  for (const auto& [cause, codes] : explained) {
    page.paragraph("because of " + cause + ": " + counted(codes), 0);
  }
}

void put_foot(TextPage& page, const Report& report, const Detail& detail) {
  std::vector<std::string> bad;
  for (const ProbeOutcome* outcome : outcomes_of(report.node)) {
    const ProbeStatus status = outcome->status;
    const bool fine = status == ProbeStatus::kOk || status == ProbeStatus::kNotApplicable;
    if (!fine) bad.push_back(outcome->name + " " + status_text(status));
  }
  page.line();
  const std::string text = fmt::format("took {} ms{}", report.run.duration_ms,
                                       bad.empty() ? "" : "; probes: " + join(bad, ", "));
  page.paragraph(beginning_of(text, detail.line), 0);
}

TextPage page_of(const Report& report, const TextStyle& style, const Detail& detail) {
  TextPage page(style);
  put_head(page, report, detail);
  put_funnel(page, report, detail);
  put_causes(page, report, detail);
  if (detail.followers) put_followers(page, report);
  const Expectation& expectation = report.diagnosis.expectation;
  if (expectation.expected) put_unknown(page, report, detail);
  for (const std::string& line : configured_lines(expectation)) {
    page.paragraph(beginning_of(line, detail.line), 0);
  }
  put_foot(page, report, detail);
  return page;
}

}  // namespace

std::string render_text(const Report& report, const TextStyle& style) {
  for (const Detail& detail : kDetails) {
    TextPage page = page_of(report, style, detail);
    if (page.fits(kMostOfNode)) return page.take(kMostOfNode);
  }
  return page_of(report, style, *std::prev(std::end(kDetails))).take(kMostOfNode);
}

}  // namespace efa
