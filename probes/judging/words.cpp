#include "probes/judging/words.h"

#include <algorithm>

namespace efa {

std::string verdict_text(Verdict verdict) {
  return word_of(verdict);
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
  return word_of(result);
}

std::string severity_text(Severity severity) {
  return word_of(severity);
}

std::string weight_text(const std::optional<Severity>& severity) {
  return severity ? severity_text(*severity) : "off";
}

std::string actor_text(Actor actor) {
  return word_of(actor);
}

std::string actor_words(Actor actor) {
  std::string words = actor_text(actor);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::string rung_text(Rung rung) {
  return word_of(rung);
}

std::string status_text(ProbeStatus status) {
  return word_of(status);
}

ProbeStatus status_from(const std::string& text) {
  return from_word<ProbeStatus>(text).value_or(ProbeStatus::kFailed);
}

}  // namespace efa
