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

struct HealthCause {
  std::string code;
  std::string severity;
  std::string actor;
};

struct Health {
  Verdict verdict = Verdict::kUnknown;
  std::string summary;
  std::vector<std::string> root_causes;  // codes, the gravest first; none of an unknown file
  std::vector<HealthCause> causes;       // of those, where it is known who removes it
  std::string devices;                   // "31/32" work; "" when not known
  std::optional<int64_t> expected;       // devices
  std::optional<int64_t> moved;          // data, in a test of this boot
  std::string checked_at;                // RFC 3339; "" of an unknown file
  int64_t age_s = 0;
};

// A file that is damaged, stale, older than `max_age_s` or from another boot is `unknown`. Its age
// is told by the boottime in it; by the wall clock where it has none.
Health judge_health(const std::string& json, const Moment& now, const std::string& boot_id,
                    std::optional<int64_t> max_age_s);

// "kernel.driver-not-loaded: The efa driver is not loaded": one line for schedulers, at most
// 200 bytes of printable ASCII without quotes, so that it can stand in any of their commands.
std::string reason_of(const Health& health);

// "unhealthy 31/32 rdma.counters-hang": verdict, scale and those causes of the verdict's severity
// that one of `actors` removes; "" when there is none. At most 100 bytes.
std::string drain_reason_of(const Health& health, const std::vector<std::string>& actors);

struct StatusOptions {
  std::optional<int64_t> max_age_s;
  int64_t wait_s = 0;               // for a good verdict
  bool accept_degraded = false;     // is good too
  bool require_data = false;        // a verdict without a data test of all devices is none
  bool reason_only = false;         // print reason_of() and no more
  std::vector<std::string> actors;  // then drain_reason_of() them, unless empty
};

// Returns the exit code: 0 for a good verdict.
int run_status(const Config& config, const StatusOptions& options);

}  // namespace efa
