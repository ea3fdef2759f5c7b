// The report of a pass as one value; text, JSON, Prometheus and the health file are renderings of
// it. Shapes and names: packaging/report.schema.json.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/diagnose/diagnosis.h"
#include "agent/report/page.h"
#include "agent/report/trigger.h"
#include "probes/base/value.h"

namespace efa {

struct RunInfo {
  Trigger trigger = Trigger::kOnce;
  int64_t sequence = 1;
  int64_t started_at_ms = 0;  // Unix time
  int64_t duration_ms = 0;
  int64_t valid_for_ms = 0;  // after the start of the pass
  int64_t max_rss_kib = 0;   // the largest process of the pass
  int64_t cpu_ms = 0;
  std::optional<int64_t> boottime_ms;  // of the machine when the pass began
};

struct Report {
  Diagnosis diagnosis;
  Node node;
  RunInfo run;
  Object facts;                  // probe name -> what it said
  std::optional<int64_t> moved;  // of State: EFA devices that moved data
};

Value report_value(const Report& report);
Value health_value(const Report& report, const std::string& report_path);
Value finding_value(const Finding& finding);
Value agent_value();  // which efa-doctor it was
std::string render_prometheus(const Report& report, bool with_counters);

std::string render_text(const Report& report, const TextStyle& style);

}  // namespace efa
