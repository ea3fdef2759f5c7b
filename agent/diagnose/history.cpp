#include "agent/diagnose/history.h"

#include <fmt/core.h>

#include <algorithm>

#include "probes/base/text.h"
#include "probes/judging/table.h"
#include "probes/judging/words.h"

namespace efa {
namespace {

// Nothing that fails is broken for good while devices, their nodes and names are still coming.
bool all_may_come_late(const Diagnosis& diagnosis) {
  return std::all_of(diagnosis.findings.begin(), diagnosis.findings.end(), [&](const Finding& f) {
    const bool cause =
        f.result == FindingResult::kFail && is_one_of(f.check->code, diagnosis.root_causes);
    return !cause || f.check->may_come_late;
  });
}

// A verdict of this boot that said something.
bool was_known(const History& history) {
  return !history.verdict.empty() && history.verdict != word_of(Verdict::kUnknown);
}

// A node that was whole once in this boot and lacks something now has lost it.
bool is_starting(const Diagnosis& diagnosis, const History& history, const Settling& settling) {
  const bool broken =
      diagnosis.verdict == Verdict::kUnhealthy || diagnosis.verdict == Verdict::kDegraded;
  return broken && !was_known(history) && settling.uptime_s &&
         *settling.uptime_s < settling.boot_grace_s && all_may_come_late(diagnosis);
}

// How bad a verdict is; nothing for those that are no better or worse than others.
std::optional<int> gravity(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHealthy:
      return 0;
    case Verdict::kDegraded:
      return 1;
    case Verdict::kUnhealthy:
      return 2;
    case Verdict::kUnknown:
    case Verdict::kNotApplicable:
      break;
  }
  return std::nullopt;
}

bool is_better(Verdict now, const History& history) {
  const auto before = from_word<Verdict>(history.verdict);
  const auto a = gravity(now);
  const auto b = before ? gravity(*before) : std::nullopt;
  return a && b && *a < *b;
}

// How grave a site's own check is only its finding says: as long as it is not there, it may be.
bool is_grave(const Episode& episode, const Weights& weights) {
  const Check* check = find_check(episode.code);
  const auto weight = weights.find(episode.code);
  std::optional<Severity> severity = check == nullptr ? Severity::kWarning : check->severity;
  if (weight != weights.end()) severity = weight->second;
  return severity && *severity != Severity::kInfo;
}

bool fails(const Diagnosis& diagnosis, const Episode& episode) {
  return std::any_of(diagnosis.findings.begin(), diagnosis.findings.end(), [&](const Finding& f) {
    return f.result == FindingResult::kFail && f.check->code == episode.code &&
           f.subject == episode.subject;
  });
}

// What failed is in no finding, and the probe that saw it fail did not get that far.
bool could_not_look_again(const Diagnosis& diagnosis, const History& history) {
  return std::any_of(history.episodes.begin(), history.episodes.end(), [&](const Episode& episode) {
    return is_grave(episode, diagnosis.expectation.weights) && episode.failing &&
           !fails(diagnosis, episode);
  });
}

bool comes_and_goes(const History& history, int64_t boot_ms, const Weights& weights) {
  return std::any_of(history.episodes.begin(), history.episodes.end(), [&](const Episode& episode) {
    return is_grave(episode, weights) && is_returning(episode, boot_ms);
  });
}

// The verdict stays what it was, and so do its causes.
void keep_verdict(Diagnosis& diagnosis, const History& history, const std::string& why) {
  diagnosis.verdict =
      history.verdict == word_of(Verdict::kUnhealthy) ? Verdict::kUnhealthy : Verdict::kDegraded;
  diagnosis.root_causes = history.root_causes;
  diagnosis.summary = fmt::format("{}: {}", why, history.summary);
}

void remember_verdict(const Diagnosis& diagnosis, History& history) {
  // a pass that could not look is no end of what an earlier one saw
  if (diagnosis.verdict == Verdict::kUnknown && was_known(history)) return;
  history.verdict = verdict_text(diagnosis.verdict);
  history.summary = diagnosis.summary;
  history.root_causes = diagnosis.root_causes;
}

// What was seen to pass is over; where all is as well as it gets, it no longer returns either.
void end_episodes(History& history, bool well) {
  for (Episode& episode : history.episodes) {
    episode.ending = false;
    if (well && !episode.failing) episode.returns = 0;
    if (!episode.failing && episode.returns == 0) episode.message.clear();
  }
}

// What came late while the node started was no fault: the first that follows is the first.
void forget_the_start(History& history) {
  std::erase_if(history.episodes, [](const Episode& episode) { return !episode.failing; });
}

}  // namespace

void settle(Diagnosis& diagnosis, History& history, const Settling& settling) {
  const bool better = is_better(diagnosis.verdict, history);
  if (is_starting(diagnosis, history, settling)) {
    diagnosis.starting = true;
    diagnosis.verdict = Verdict::kUnknown;
    diagnosis.summary =
        fmt::format("the node is starting, up for {} s: {}", *settling.uptime_s, diagnosis.summary);
  } else if (better && could_not_look_again(diagnosis, history)) {
    keep_verdict(diagnosis, history, "could not be checked again");
    return;  // what is remembered stays what it doubts the end of
  } else if (better && settling.confirm &&
             comes_and_goes(history, settling.now.boot_ms, diagnosis.expectation.weights)) {
    diagnosis.recovering = true;
    keep_verdict(diagnosis, history, "comes and goes; healthy only once it stays so for a minute");
    return;
  } else if (better && settling.confirm && !settling.confirming) {
    diagnosis.recovering = true;
    keep_verdict(diagnosis, history, "recovering, to be confirmed by one more pass");
    return;
  }
  if (diagnosis.verdict != Verdict::kUnknown) {
    end_episodes(history, better || diagnosis.verdict == Verdict::kHealthy);
    if (!was_known(history)) forget_the_start(history);
  }
  remember_verdict(diagnosis, history);
}

}  // namespace efa
