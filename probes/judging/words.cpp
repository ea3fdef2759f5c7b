#include "probes/judging/words.h"

#include <algorithm>

namespace efa {

std::string verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHealthy:
      return "healthy";
    case Verdict::kDegraded:
      return "degraded";
    case Verdict::kUnhealthy:
      return "unhealthy";
    case Verdict::kNotApplicable:
      return "not_applicable";
    case Verdict::kUnknown:
      break;
  }
  return "unknown";
}

int exit_code_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHealthy:
    case Verdict::kNotApplicable:
      return 0;
    case Verdict::kDegraded:
      return 1;
    case Verdict::kUnhealthy:
      return 2;
    case Verdict::kUnknown:
      break;
  }
  return 3;
}

std::string result_text(FindingResult result) {
  switch (result) {
    case FindingResult::kPass:
      return "pass";
    case FindingResult::kFail:
      return "fail";
    case FindingResult::kNotApplicable:
      return "not_applicable";
    case FindingResult::kUnknown:
      break;
  }
  return "unknown";
}

std::string severity_text(Severity severity) {
  switch (severity) {
    case Severity::kCritical:
      return "critical";
    case Severity::kWarning:
      return "warning";
    case Severity::kInfo:
      break;
  }
  return "info";
}

std::string weight_text(const std::optional<Severity>& severity) {
  return severity ? severity_text(*severity) : "off";
}

std::string actor_text(Actor actor) {
  switch (actor) {
    case Actor::kNodeOperator:
      return "node_operator";
    case Actor::kImageOwner:
      return "image_owner";
    case Actor::kAccountOwner:
      return "account_owner";
    case Actor::kJobOwner:
      return "job_owner";
    case Actor::kAwsSupport:
      break;
  }
  return "aws_support";
}

std::string actor_words(Actor actor) {
  std::string words = actor_text(actor);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::string rung_text(Rung rung) {
  constexpr const char* kNames[] = {"none", "expected", "attached", "pci",    "driver",
                                    "rdma", "node",     "verbs",    "fabric", "data"};
  return kNames[static_cast<size_t>(rung)];
}

std::string status_text(ProbeStatus status) {
  constexpr const char* kNames[] = {"ok",     "timed_out", "crashed",       "unavailable",
                                    "denied", "failed",    "still_hanging", "not_applicable"};
  return kNames[static_cast<size_t>(status)];
}

ProbeStatus status_from(const std::string& text) {
  for (int i = 0; i <= static_cast<int>(ProbeStatus::kNotApplicable); ++i) {
    if (status_text(static_cast<ProbeStatus>(i)) == text) return static_cast<ProbeStatus>(i);
  }
  return ProbeStatus::kFailed;
}

}  // namespace efa
