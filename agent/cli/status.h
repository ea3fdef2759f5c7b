// efa-doctor status: the verdict that automation reads, from the health file alone;
// and what became of the reports that go to S3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/report/report.h"
#include "probes/base/moment.h"

namespace efa {

struct Health {
  Verdict verdict = Verdict::kUnknown;
  std::string summary;
  std::vector<std::string> root_causes;  // codes, the gravest first; none of an unknown file
};

// A file that is damaged, stale, older than `max_age_s` or from another boot is `unknown`. Its age
// is told by the boottime in it; by the wall clock where it has none.
Health judge_health(const std::string& json, const Moment& now, const std::string& boot_id,
                    std::optional<int64_t> max_age_s);

// "kernel.driver-not-loaded: The efa driver is not loaded": one line for schedulers, at most
// 200 bytes of printable ASCII without quotes, so that it can stand in any of their commands.
std::string reason_of(const Health& health);

struct StatusOptions {
  std::optional<int64_t> max_age_s;
  int64_t wait_s = 0;            // for a good verdict
  bool accept_degraded = false;  // is good too
  bool reason_only = false;      // print reason_of() and no more
};

// Returns the exit code: 0 for a good verdict.
int run_status(const Config& config, const StatusOptions& options);

}  // namespace efa
