// What a test of two nodes found, for a person and for a program (packaging/pair.schema.json).
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/pair/protocol.h"
#include "agent/pair/rail.h"
#include "agent/report/page.h"
#include "probes/judging/check.h"
#include "probes/judging/words.h"

namespace efa {

struct PairReport {
  std::string server;  // host and port, as it was asked for
  PairHello own;
  std::optional<PairHello> other;  // absent: there was no control connection
  std::vector<PairRail> rails;
  std::vector<Finding> findings;
  int64_t started_at_ms = 0;  // Unix time
  int64_t duration_ms = 0;
  // concluded of the rest
  Verdict verdict = Verdict::kUnknown;
  std::string summary;
};

// Codes, the gravest first.
std::vector<std::string> root_causes_of(const PairReport& report);
// Verdict and summary.
void conclude(PairReport& report);

// Of one pair: "ok", "slow", "in use", "FAILS", "?".
const char* state_of(const PairReport& report, const PairRail& rail);

// `bars`: for a terminal.
std::string render_pair_text(const PairReport& report, const TextStyle& style, bool bars);
Value pair_value(const PairReport& report);

}  // namespace efa
