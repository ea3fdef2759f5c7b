// efa-doctor status: the verdict that automation reads, from the health file alone;
// and what became of the reports that go to S3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/cli/config.h"
#include "agent/report/report.h"

namespace efa {

struct Health {
  Verdict verdict = Verdict::kUnknown;
  std::string summary;
};

// A file that is damaged, stale, older than `max_age_s` or from another boot is `unknown`.
Health judge_health(const std::string& json, int64_t now_ms, const std::string& boot_id,
                    std::optional<int64_t> max_age_s);

struct StatusOptions {
  std::optional<int64_t> max_age_s;
  int64_t wait_s = 0;            // for a good verdict
  bool accept_degraded = false;  // is good too
};

// Returns the exit code: 0 for a good verdict.
int run_status(const Config& config, const StatusOptions& options);

}  // namespace efa
