#include "tests/fuzz/claims.h"

#include <cstdio>
#include <cstdlib>

#include "agent/cli/status.h"
#include "probes/base/describe.h"

namespace efa {

void claim(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

void claim_of_pass(const Recording& recording, const std::vector<ProbeRun>& runs) {
  const Result<Conclusion> conclusion = conclude(recording, runs);
  if (!conclusion) return;
  const Report& report = conclusion->report;
  const std::string json = render_json(report_value(report), 1);
  claim(json.size() < 16 * kMiB, "the spool takes the report");
  const Result<Value> again = parse_json(json, "report");
  claim(again.ok(), "the report is JSON");
  claim(render_json(*again, 1) == json, "what is read is what was written");
  const std::string health = render_json(health_value(report, "/report.json"), 1);
  claim(health.size() < kMiB / 4, "status reads the health file");
  const std::string boot = report.node.kernel.facts.boot_id.value_or("");
  const Moment now{report.run.started_at_ms, report.run.boottime_ms.value_or(0)};
  const Health judged = judge_health(health, now, boot, std::nullopt);
  claim(boot.empty() || judged.verdict == report.diagnosis.verdict, "status says the verdict");
  claim(reason_of(judged).size() <= 200, "a reason fits into a scheduler's command");
  const std::string text = render_text(report, {});
  claim(text.size() < 24'000 && text.find('\x1b') == std::string::npos,
        "a terminal takes the text");
  render_prometheus(report, /*with_counters=*/true);
  const Result<State> state = from_value<State>(to_value(conclusion->after), "state");
  claim(state.ok() && is_plausible(*state), "the next pass knows of this one");
}

}  // namespace efa
