// Episodes of failing checks: when they begin, go on, return and end.

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "agent/diagnose/history.h"
#include "probes/base/moment.h"
#include "probes/base/text.h"
#include "probes/judging/site_probe.h"
#include "probes/judging/table.h"

namespace efa {
namespace {

constexpr size_t kMaxMessage = 512;            // of an episode, in state.json
constexpr int64_t kSameEpisodeMs = 300'000;    // what fails again within this has returned
constexpr int64_t kStillReturningMs = 60'000;  // since it was last seen to fail

bool is_of(const Finding& finding, const Episode& episode) {
  return finding.check->code == episode.code && finding.subject == episode.subject;
}

template <class Items, class Like>
auto find_like(Items& items, const Like& is_like) -> decltype(&items.front()) {
  const auto found = std::find_if(items.begin(), items.end(), is_like);
  return found == items.end() ? nullptr : &*found;
}

Finding* finding_of(std::vector<Finding>& findings, const Episode& episode) {
  return find_like(findings, [&](const Finding& finding) { return is_of(finding, episode); });
}

bool ended_early(const ProbeOutcome& outcome) {
  return outcome.status == ProbeStatus::kTimedOut || outcome.status == ProbeStatus::kCrashed ||
         outcome.status == ProbeStatus::kFailed || outcome.status == ProbeStatus::kDenied ||
         outcome.status == ProbeStatus::kStillHanging;
}

// A check that says nothing of its subject any more: is the subject gone, or was it not seen?
bool could_look(const Node& node, const Episode& episode) {
  const Check* check = find_check(episode.code);
  const ProbeRow* judged_by = check == nullptr ? nullptr : probe_of(*check);
  const bool of_site = episode.code.starts_with("site.");
  if (judged_by != nullptr && !was_run(*judged_by, node)) return false;
  const bool device = PciAddress::from_text(episode.subject).has_value();
  for (const ProbeOutcome* outcome : outcomes_of(node)) {
    const ProbeRow* probe = probe_of(outcome->name);
    const bool concerns = probe == nullptr ? of_site && is_site_probe(outcome->name)
                                           : probe == judged_by || (device && probe->lists_devices);
    if (concerns && ended_early(*outcome)) return false;
  }
  return true;
}

std::string returns_text(const Episode& episode) {
  return fmt::format("it comes and goes, {} times since {}", episode.returns + 1,
                     time_text(episode.since_ms));
}

void take_past(Finding& finding, const Episode& episode) {
  finding.since_ms = episode.since_ms;
  finding.times = episode.times;
}

void begin_again(Episode& episode, const Moment& now) {
  ++episode.times;
  if (episode.seen_boot_ms && now.boot_ms - *episode.seen_boot_ms < kSameEpisodeMs) {
    ++episode.returns;
    return;
  }
  episode.returns = 0;
  episode.since_ms = now.unix_ms;
  episode.since_boot_ms = now.boot_ms;
}

void remember_failure(History& history, Finding& finding, const Moment& now) {
  Episode* episode =
      find_like(history.episodes, [&](const Episode& known) { return is_of(finding, known); });
  if (episode == nullptr) {
    if (history.episodes.size() >= kMaxEpisodes) return;
    history.episodes.push_back({std::string(finding.check->code), finding.subject, now.unix_ms});
    episode = &history.episodes.back();
    episode->since_boot_ms = now.boot_ms;
  } else if (!episode->failing) {
    begin_again(*episode, now);
  }
  episode->failing = true;
  episode->ending = false;
  episode->seen_boot_ms = now.boot_ms;
  episode->message = make_utf8(finding.message.substr(0, kMaxMessage));
  take_past(finding, *episode);
  if (episode->returns > 0) finding.message += fmt::format(" ({})", returns_text(*episode));
}

// What was failing and does not fail in this pass.
void remember_other(Episode& episode, Finding* finding, const Node& node) {
  if (!episode.failing && !episode.ending) return;
  if (finding != nullptr && finding->result == FindingResult::kUnknown) {
    finding->result = FindingResult::kFail;
    finding->message = fmt::format("{}{}as last seen, for now {}", episode.message,
                                   episode.message.empty() ? "" : "; ", finding->message);
    episode.failing = true;
    episode.ending = false;
    take_past(*finding, episode);
  } else if (finding != nullptr || could_look(node, episode)) {
    episode.ending = episode.ending || episode.failing;
    episode.failing = false;
  }
}

bool returns_now(const Episode& episode, int64_t boot_ms) {
  return episode.returns > 0 && episode.seen_boot_ms &&
         boot_ms - *episode.seen_boot_ms < kStillReturningMs;
}

struct Returning {
  const Episode* episode;
  const Check* check;
};

// Critical ones on the ladder that come and go, the lowest rung first.
std::vector<Returning> returning(const History& history, int64_t boot_ms, const Weights& weights) {
  std::vector<Returning> found;
  for (const Episode& episode : history.episodes) {
    const Check* check = find_check(episode.code);
    const bool leads = check != nullptr && severity_in(weights, *check) == Severity::kCritical &&
                       check->rung >= Rung::kPci;
    if (leads && returns_now(episode, boot_ms)) found.push_back({&episode, check});
  }
  std::stable_sort(found.begin(), found.end(), [](const Returning& a, const Returning& b) {
    return a.check->rung < b.check->rung;
  });
  return found;
}

bool explains(const Returning& cause, const Finding& finding) {
  const Episode& episode = *cause.episode;
  const Check& check = *finding.check;
  const bool root = finding.result == FindingResult::kFail && finding.explained_by.empty();
  if (!root || is_of(finding, episode)) return false;
  if (check.severity != Severity::kCritical || check.rung < Rung::kPci) return false;
  const bool concerns = episode.subject == kNodeSubject || episode.subject == finding.subject;
  const bool named =
      std::find(check.causes.begin(), check.causes.end(), episode.code) != check.causes.end();
  return concerns && (cause.check->rung < check.rung || named);
}

// The finding of the episode, as failing.
void put_cause(std::vector<Finding>& findings, const Returning& cause) {
  const Episode& episode = *cause.episode;
  Finding* finding = finding_of(findings, episode);
  if (finding != nullptr && finding->result == FindingResult::kFail) return;
  if (finding == nullptr) {
    findings.emplace_back();
    finding = &findings.back();
    finding->check = row_of(*cause.check);
    finding->subject = episode.subject;
  }
  finding->result = FindingResult::kFail;
  finding->message =
      fmt::format("{} ({}, and is gone for now)", episode.message, returns_text(episode));
  finding->explained_by.clear();
  take_past(*finding, episode);
}

}  // namespace

std::set<std::pair<std::string, std::string>> failing_in(const History& history) {
  std::set<std::pair<std::string, std::string>> failing;
  for (const Episode& episode : history.episodes) {
    if (episode.failing || episode.ending) failing.emplace(episode.code, episode.subject);
  }
  return failing;
}

bool is_returning(const Episode& episode, int64_t boot_ms) {
  return !episode.failing && returns_now(episode, boot_ms);
}

void remember_findings(History& history, std::vector<Finding>& findings, const Node& node,
                       const Moment& now) {
  for (Episode& episode : history.episodes) {
    if (episode.since_boot_ms) {
      episode.since_ms = shown_at(now, episode.since_ms, *episode.since_boot_ms);
    }
    Finding* finding = finding_of(findings, episode);
    const bool fails = finding != nullptr && finding->result == FindingResult::kFail;
    if (!fails) remember_other(episode, finding, node);
  }
  for (Finding& finding : findings) {
    if (finding.result == FindingResult::kFail && !finding.since_ms) {
      remember_failure(history, finding, now);
    }
  }
}

void lead_by_returning(std::vector<Finding>& findings, const History& history, int64_t boot_ms,
                       const Weights& weights) {
  for (const Returning& cause : returning(history, boot_ms, weights)) {
    const std::string& code = cause.episode->code;
    std::set<std::string_view> followers;  // codes
    for (Finding& finding : findings) {
      if (!explains(cause, finding)) continue;
      finding.explained_by = code;
      followers.insert(finding.check->code);
    }
    if (followers.empty()) continue;
    for (const Finding& finding : findings) {  // still a cause of its own elsewhere
      const bool root = finding.result == FindingResult::kFail && finding.explained_by.empty();
      if (root) followers.erase(finding.check->code);
    }
    for (Finding& finding : findings) {
      if (followers.contains(finding.explained_by)) finding.explained_by = code;
    }
    put_cause(findings, cause);
  }
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.check->code, a.subject) < std::tie(b.check->code, b.subject);
  });
}

}  // namespace efa
