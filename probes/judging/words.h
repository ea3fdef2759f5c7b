// The words of reports for what is counted up, one table for each, and the exit codes.
#pragma once

#include <optional>
#include <string>

#include "probes/judging/findings.h"
#include "probes/judging/outcome.h"

namespace efa {

enum class Verdict { kHealthy, kDegraded, kUnhealthy, kUnknown, kNotApplicable };

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
