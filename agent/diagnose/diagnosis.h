// From what was seen to what is wrong: findings, their root causes, the funnel, the verdict. Pure.
#pragma once

#include <string>
#include <vector>

#include "probes/judging/node.h"
#include "probes/judging/words.h"

namespace efa {

struct FunnelStage {
  Rung rung = Rung::kNone;
  std::optional<int> count;      // absent: not measured, or could not look
  bool at_least = false;         // there may be more
  std::vector<PciAddress> lost;  // reached the rung below and not this one
};

struct Diagnosis {
  Verdict verdict = Verdict::kUnknown;
  std::string summary;
  std::vector<std::string> root_causes;  // codes, the gravest first
  std::vector<FunnelStage> funnel;
  std::vector<Finding> findings;  // by code, then subject
  Expectation expectation;
  bool starting = false;    // what is wrong may be no more than late
  bool recovering = false;  // better than reported: the next pass is to confirm it
};

Diagnosis diagnose(const Node& node, const Expectation& expectation);

// What no probe's own judge says: how the probes ended, and what those of the site found.
void judge_outcomes(const Node& node, const Expectation& expectation, Findings& findings);
void judge_sites(const Node& node, Findings& findings);

// The parts, for tests.
std::vector<Finding> judge_all(const Node& node, const Expectation& expectation);
// Turns checks off, or changes what they weigh; what was weighed before stays.
void weigh(std::vector<Finding>& findings, const Weights& weights);
void explain(std::vector<Finding>& findings);
// What fails and nothing else explains, in the order in which it is told everywhere: the gravest
// first.
struct Cause {
  std::string code;
  Severity gravity = Severity::kInfo;  // the gravest that it explains
};
std::vector<Cause> causes_of(const std::vector<Finding>& findings);
// Their codes; of info only none.
std::vector<std::string> root_causes_of(const std::vector<Finding>& findings);
std::vector<FunnelStage> funnel_of(const Node& node, const Expectation& expectation,
                                   const std::vector<Finding>& findings);
Verdict verdict_of(const Node& node, const Expectation& expectation,
                   const std::vector<Finding>& findings);

}  // namespace efa
