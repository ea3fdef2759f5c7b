// efa-doctor status: the verdict that automation reads, from the health file alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/report/report.h"

namespace efa {

struct Health {
  Verdict verdict = Verdict::kUnknown;
  std::string summary;
};

// A file that is damaged, stale, older than `max_age_s` or from another boot is `unknown`.
Health judge_health(const std::string& json, int64_t now_ms, const std::string& boot_id,
                    std::optional<int64_t> max_age_s);

int run_status(const std::string& health_path, std::optional<int64_t> max_age_s);

}  // namespace efa
