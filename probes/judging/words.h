// The words of reports for what is counted up, one table for each, and the exit codes. The
// functions give them as std::string, to put sentences together.
#pragma once

#include <optional>
#include <string>

#include "probes/base/word.h"
#include "probes/judging/findings.h"
#include "probes/judging/outcome.h"

namespace efa {

enum class Verdict { kHealthy, kDegraded, kUnhealthy, kUnknown, kNotApplicable };

template <>
struct Words<Verdict> {
  static constexpr EnumWord<Verdict> kTable[] = {{Verdict::kHealthy, "healthy"},
                                                 {Verdict::kDegraded, "degraded"},
                                                 {Verdict::kUnhealthy, "unhealthy"},
                                                 {Verdict::kUnknown, "unknown"},
                                                 {Verdict::kNotApplicable, "not_applicable"}};
};

template <>
struct Words<FindingResult> {
  static constexpr EnumWord<FindingResult> kTable[] = {
      {FindingResult::kPass, "pass"},
      {FindingResult::kFail, "fail"},
      {FindingResult::kUnknown, "unknown"},
      {FindingResult::kNotApplicable, "not_applicable"}};
};

template <>
struct Words<Severity> {
  static constexpr EnumWord<Severity> kTable[] = {{Severity::kCritical, "critical"},
                                                  {Severity::kWarning, "warning"},
                                                  {Severity::kInfo, "info"}};
};

template <>
struct Words<Actor> {
  static constexpr EnumWord<Actor> kTable[] = {{Actor::kNodeOperator, "node_operator"},
                                               {Actor::kImageOwner, "image_owner"},
                                               {Actor::kAccountOwner, "account_owner"},
                                               {Actor::kJobOwner, "job_owner"},
                                               {Actor::kAwsSupport, "aws_support"}};
};

template <>
struct Words<Rung> {
  static constexpr EnumWord<Rung> kTable[] = {
      {Rung::kNone, "none"}, {Rung::kExpected, "expected"}, {Rung::kAttached, "attached"},
      {Rung::kPci, "pci"},   {Rung::kDriver, "driver"},     {Rung::kRdma, "rdma"},
      {Rung::kNode, "node"}, {Rung::kVerbs, "verbs"},       {Rung::kFabric, "fabric"},
      {Rung::kData, "data"}};
};

template <>
struct Words<ProbeStatus> {
  static constexpr EnumWord<ProbeStatus> kTable[] = {
      {ProbeStatus::kOk, "ok"},
      {ProbeStatus::kTimedOut, "timed_out"},
      {ProbeStatus::kCrashed, "crashed"},
      {ProbeStatus::kUnavailable, "unavailable"},
      {ProbeStatus::kDenied, "denied"},
      {ProbeStatus::kFailed, "failed"},
      {ProbeStatus::kStillHanging, "still_hanging"},
      {ProbeStatus::kNotApplicable, "not_applicable"}};
};

std::string verdict_text(Verdict verdict);
std::string result_text(FindingResult result);
std::string severity_text(Severity severity);
// Of a check as the configuration weighs it: "off" where there is none.
std::string weight_text(const std::optional<Severity>& severity);
std::string actor_text(Actor actor);
std::string actor_words(Actor actor);  // "aws support"
std::string rung_text(Rung rung);
std::string status_text(ProbeStatus status);
ProbeStatus status_from(const std::string& text);  // kFailed for a word that is none
int exit_code_of(Verdict verdict);

}  // namespace efa
