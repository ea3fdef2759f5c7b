// What AWS must provide for a fleet, judged: one report of all its instances. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/weights.h"
#include "agent/report/page.h"
#include "probes/account/facts.h"
#include "probes/account/wishes.h"
#include "probes/base/value.h"
#include "probes/judging/outcome.h"
#include "probes/judging/words.h"

namespace efa {

// On how many instances a check had which result.
struct CheckCounts {
  size_t passed = 0;
  size_t failed = 0;
  size_t unknown = 0;
  size_t not_applicable = 0;
};

struct FleetReport {
  Verdict verdict = Verdict::kUnknown;
  std::string summary;
  std::vector<std::string> root_causes;            // codes, the gravest first
  std::vector<Finding> findings;                   // what fails or could not be looked at
  std::map<std::string_view, CheckCounts> counts;  // by code
  AccountFacts facts;
  std::string fleet;          // which was asked for: "tag:Fleet=train"
  int64_t started_at_ms = 0;  // Unix time
  int64_t duration_ms = 0;
};

// How facts are judged.
struct FleetTerms {
  AccountWishes wishes;
  Weights weights;
};

// Of findings about one instance or all, of which some are unknown: critical ones outweigh
// warnings.
Verdict verdict_of(const std::vector<const Finding*>& findings, bool has_efa);

// `outcome`: why facts are missing, when it is not kOk. `fleet`: which was asked for, to be told.
FleetReport judge_fleet(AccountFacts facts, const ProbeOutcome& outcome, const std::string& fleet,
                        const FleetTerms& terms);

// The finding about the instance that explains its node's root cause, of those that fail; "" when
// there is none.
std::string explained_by_account(const std::string& instance, const std::string& node_code,
                                 const std::vector<Finding>& findings);

std::string counted(size_t count, const char* word);  // "1 instance", "2 instances"
std::string render_fleet_text(const FleetReport& report, const TextStyle& style);
Value fleet_value(const FleetReport& report);  // packaging/account.schema.json
// Its instances, a line of JSON each, as Athena reads them: beside what they are in fleet_value,
// their root causes and when they were asked about.
std::string render_fleet_lines(const FleetReport& report);
std::string render_fleet_prometheus(const FleetReport& report);

}  // namespace efa
