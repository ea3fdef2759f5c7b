// The name of a report in the bucket, from nothing but the report itself: the same report has the
// same name on every try. Hive partitions, so that Athena, DuckDB and Spark read it as it lies.
// With s3.gzip ".gz" follows.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "probes/base/result.h"
#include "probes/base/value.h"

namespace efa {

// What tells one report of a node from another.
struct ReportId {
  std::string started_at;  // "2026-11-23T22:00:00Z"
  std::string boot;        // the first eight digits of the boot id; "unknown" without one
  int64_t sequence = 0;

  friend bool operator==(const ReportId&, const ReportId&) = default;
  // The older one is less.
  friend bool operator<(const ReportId& a, const ReportId& b) {
    return std::tie(a.started_at, a.sequence, a.boot) < std::tie(b.started_at, b.sequence, b.boot);
  }
};

// "2026-11-23T22:00:00Z-9f86d081-17"
std::string to_text(const ReportId& id);
Result<ReportId> parse_report_id(const std::string& text);

struct ReportNames {
  ReportId id;
  std::string dated;   // region=<r>/date=<YYYY-MM-DD>/instance=<id>/<report id>.json
  std::string latest;  // latest/<instance>.json
};

// kMalformed when the value is no report. Instance and region that the report does not know are
// the hostname and "unknown".
Result<ReportNames> names_of(const Value& report);

// Which instances an answer of AWS is about.
struct AccountScope {
  std::string account;  // "111122223333"
  std::string region;
  std::string fleet;  // "tag:Fleet=train"
};

// "account/account=111122223333/region=eu-west-1/fleet=tag_Fleet_train/latest.json", so that no
// fleet takes the place of another. What is "" is "unknown".
std::string account_key(const AccountScope& scope);

}  // namespace efa
