// The report for a person: the verdict first, then what is wrong and what to do, then the funnel.

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "agent/report/configured.h"
#include "agent/report/page.h"
#include "agent/report/report.h"
#include "probes/base/text.h"
#include "probes/judging/remedy.h"
#include "probes/judging/table.h"

namespace efa {
namespace {

void put_head(TextPage& page, const Report& report) {
  const Diagnosis& diagnosis = report.diagnosis;
  page.paragraph(diagnosis.summary, 0, mark_of(diagnosis.verdict));
  std::string about;
  const auto add = [&about](const std::optional<std::string>& text) {
    if (text && !text->empty()) about += (about.empty() ? "" : ", ") + *text;
  };
  add(report.node.kernel.facts.hostname);
  add(report.node.cloud.facts.instance_id);
  add(report.node.cloud.facts.instance_type);
  add(report.node.cloud.facts.availability_zone_id);
  if (report.node.kernel.facts.release) add("kernel " + *report.node.kernel.facts.release);
  if (report.node.kernel.facts.efa_version) add("efa " + *report.node.kernel.facts.efa_version);
  page.paragraph(about, 0);
}

void put_funnel(TextPage& page, const Report& report) {
  if (!report.diagnosis.expectation.expected) return;
  page.line();
  std::string counts;
  for (const FunnelStage& stage : report.diagnosis.funnel) {
    counts += (counts.empty() ? "" : " > ") + rung_text(stage.rung) + " " +
              (stage.count ? std::to_string(*stage.count) : "?") + (stage.at_least ? "+" : "");
  }
  page.paragraph(counts, 0);
  for (const FunnelStage& stage : report.diagnosis.funnel) {
    if (stage.lost.empty()) continue;
    std::vector<std::string> lost;
    for (const PciAddress& address : stage.lost) lost.push_back(address.to_text());
    page.paragraph("lost at " + rung_text(stage.rung) + ": " + join(lost, " "), 2);
  }
}

using ByCode = std::map<std::string_view, std::vector<const Finding*>>;

void put_subjects(TextPage& page, const std::vector<const Finding*>& findings) {
  for (size_t i = 0; i < std::min(findings.size(), kMaxSubjects); ++i) {
    page.paragraph(findings[i]->subject + ": " + findings[i]->message, 4);
  }
  if (findings.size() > kMaxSubjects) {
    page.line("    and " + std::to_string(findings.size() - kMaxSubjects) + " more");
  }
}

void put_remedy(TextPage& page, const std::vector<const Finding*>& findings) {
  const Check& check = *findings.front()->check;
  page.paragraph(
      "fix (" + actor_text(check.actor) + "): " + std::string(findings.front()->remedy_text()), 4);
  size_t shown = 0;
  for (const std::string& command : commands_of(findings)) {
    if (shown++ < kMaxSubjects) page.command(command, 4);
  }
}

void put_group(TextPage& page, const std::vector<const Finding*>& findings) {
  const Check& check = *findings.front()->check;
  page.line();
  page.paragraph(
      std::string(check.code) + (check.title.empty() ? "" : ": " + std::string(check.title)), 4,
      mark_of(check.severity));
  put_subjects(page, findings);
  put_remedy(page, findings);
}

// What fails and nothing else explains, the gravest first. One check can have several remedies.
void put_failing(TextPage& page, const Report& report) {
  using CodeAndRemedy = std::pair<std::string_view, std::string_view>;
  for (const Severity severity : {Severity::kCritical, Severity::kWarning, Severity::kInfo}) {
    std::map<CodeAndRemedy, std::vector<const Finding*>> groups;
    for (const Finding& finding : report.diagnosis.findings) {
      const bool wanted = finding.result == FindingResult::kFail && finding.explained_by.empty() &&
                          finding.check->severity == severity;
      if (wanted) groups[{finding.check->code, finding.check->remedy}].push_back(&finding);
    }
    for (const auto& [key, findings] : groups) put_group(page, findings);
  }
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
void put_unknown(TextPage& page, const Report& report) {
  ByCode groups;
  for (const Finding& finding : report.diagnosis.findings) {
    const bool wanted = finding.result == FindingResult::kUnknown && finding.explained_by.empty();
    if (wanted) groups[finding.check->code].push_back(&finding);
  }
  std::map<std::string_view, Counts> reasons;
  for (const auto& [code, findings] : groups) {
    reasons[findings.front()->message][code] = findings.size();
  }
  if (!groups.empty()) page.line();
  for (const auto& [reason, codes] : reasons) {
    const Finding& first = *groups.at(codes.begin()->first).front();
    const std::string subject = codes.size() == 1 ? ": " + first.subject : "";
    page.paragraph(counted(codes) + subject + ": " + std::string(reason), 4, {"UNKNOWN ", "36"});
  }
}

void put_explained(TextPage& page, const Report& report) {
  std::map<std::string, Counts> explained;  // by its cause
  for (const Finding& finding : report.diagnosis.findings) {
    const bool fails = finding.result == FindingResult::kFail;
    if (fails && !finding.explained_by.empty())
      ++explained[finding.explained_by][finding.check->code];
  }
  if (explained.empty()) return;
  page.line();
  for (const auto& [cause, codes] : explained) {
    page.paragraph("follows from " + cause + ": " + counted(codes), 0);
  }
}

void put_foot(TextPage& page, const Report& report) {
  std::vector<std::string> bad;
  for (const ProbeOutcome* outcome : outcomes_of(report.node)) {
    const ProbeStatus status = outcome->status;
    const bool fine = status == ProbeStatus::kOk || status == ProbeStatus::kNotApplicable;
    if (!fine) bad.push_back(outcome->name + " " + status_text(status));
  }
  page.line();
  page.paragraph("looked for " + std::to_string(report.run.duration_ms) + " ms" +
                     (bad.empty() ? "" : "; probes: " + join(bad, ", ")),
                 0);
}

}  // namespace

std::string render_text(const Report& report, const TextStyle& style) {
  TextPage page(style);
  put_head(page, report);
  put_funnel(page, report);
  put_failing(page, report);
  put_explained(page, report);
  if (report.diagnosis.expectation.expected) put_unknown(page, report);
  const Expectation& expectation = report.diagnosis.expectation;
  for (const std::string& line : configured_lines(expectation)) page.paragraph(line, 0);
  put_foot(page, report);
  return page.take();
}

}  // namespace efa
