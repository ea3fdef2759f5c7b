#include "agent/report/findings.h"

#include <fmt/core.h>

#include <algorithm>

#include "agent/report/report.h"
#include "probes/base/moment.h"

namespace efa {

void put_causes(TextPage& page, const std::vector<Finding>& findings) {
  std::vector<const Finding*> failing;
  for (const Finding& finding : findings) {
    if (is_failing(finding)) failing.push_back(&finding);
  }
  std::stable_sort(failing.begin(), failing.end(), [](const Finding* a, const Finding* b) {
    return std::pair(a->check->severity, a->check->code) <
           std::pair(b->check->severity, b->check->code);
  });
  for (size_t i = 0, shown = 0; i < failing.size(); ++i, ++shown) {
    const Check& check = *failing[i]->check;
    if (i == 0 || failing[i - 1]->check->code != check.code) {
      shown = 0;
      page.line();
      page.paragraph(fmt::format("{}: {}", check.code, check.title), 4, mark_of(check.severity));
    }
    if (shown < kMaxSubjects) {
      page.paragraph(fmt::format("{}: {}", failing[i]->subject, failing[i]->message), 4);
    }
    const bool last = i + 1 == failing.size() || failing[i + 1]->check->code != check.code;
    if (!last) continue;
    if (shown >= kMaxSubjects) page.line(fmt::format("    and {} more", shown - kMaxSubjects + 1));
    page.paragraph(fmt::format("fix ({}): {}", actor_words(check.actor), check.remedy), 4);
    if (!check.command.empty()) page.command(std::string(check.command), 4);
  }
}

void put_unknown(TextPage& page, const std::vector<Finding>& findings) {
  bool first = true;
  for (const Finding& finding : findings) {
    if (finding.result != FindingResult::kUnknown) continue;
    if (first) page.line();
    first = false;
    page.paragraph(fmt::format("{}: {}", finding.check->code, finding.message), 4,
                   {"UNKNOWN ", "36"});
  }
}

Value head_value(const ReportHead& head) {
  Value value;
  value.set("schema", head.schema);
  value.set("agent", agent_value());
  value.set("started_at", time_text(head.started_at_ms));
  value.set("duration_ms", head.duration_ms);
  value.set("verdict", verdict_text(head.verdict));
  value.set("exit_code", exit_code_of(head.verdict));
  value.set("summary", head.summary);
  value.set("root_causes", to_value(head.root_causes));
  return value;
}

Array findings_value(const std::vector<Finding>& findings) {
  Array values;
  values.reserve(findings.size());
  for (const Finding& finding : findings) values.push_back(finding_value(finding));
  return values;
}

}  // namespace efa
