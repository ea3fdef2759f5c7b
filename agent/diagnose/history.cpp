#include "agent/diagnose/history.h"

#include <algorithm>
#include <array>

#include "agent/report/report.h"

namespace efa {
namespace {

constexpr size_t kMaxEpisodes = 1024;  // 32 devices with all that can fail of each

// Nothing that fails is broken for good while devices, their nodes and names are still coming.
constexpr std::array<std::string_view, 12> kMayComeLate = {
    "pci.none-found",           "pci.fewer-than-expected",
    "pci.fewer-than-maximum",   "driver.not-bound",
    "kernel.driver-not-loaded", "kernel.uverbs-not-loaded",
    "rdma.not-registered",      "node.missing",
    "node.restricted-mode",     "verbs.not-listed",
    "fabric.not-listed",        "fabric.library-lists-fewer"};

bool may_come_late(const std::string& code) {
  return std::find(kMayComeLate.begin(), kMayComeLate.end(), code) != kMayComeLate.end();
}

Episode* episode_of(History& history, const Finding& finding) {
  for (Episode& episode : history.episodes) {
    if (episode.code == finding.code && episode.subject == finding.subject) return &episode;
  }
  return nullptr;
}

void remember_failure(History& history, Finding& finding, int64_t now_ms) {
  Episode* episode = episode_of(history, finding);
  if (episode == nullptr) {
    if (history.episodes.size() >= kMaxEpisodes) return;
    history.episodes.push_back({finding.code, finding.subject, now_ms});
    episode = &history.episodes.back();
  } else if (!episode->failing) {
    ++episode->times;
    episode->since_ms = now_ms;
  }
  episode->failing = true;
  finding.since_ms = episode->since_ms;
  finding.times = episode->times;
}

void remember_findings(History& history, std::vector<Finding>& findings, int64_t now_ms) {
  for (Episode& episode : history.episodes) {
    const bool fails = std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
      return finding.result == FindingResult::kFail && finding.code == episode.code &&
             finding.subject == episode.subject;
    });
    episode.failing = episode.failing && fails;
  }
  for (Finding& finding : findings) {
    if (finding.result == FindingResult::kFail) remember_failure(history, finding, now_ms);
  }
}

// A node that was whole once in this boot and lacks something now has lost it.
bool is_starting(const Diagnosis& diagnosis, const History& history, const Settling& settling) {
  const bool was_whole = !history.verdict.empty() && history.verdict != "unknown";
  const bool broken =
      diagnosis.verdict == Verdict::kUnhealthy || diagnosis.verdict == Verdict::kDegraded;
  return broken && !was_whole && settling.uptime_s && *settling.uptime_s < settling.boot_grace_s &&
         std::all_of(diagnosis.root_causes.begin(), diagnosis.root_causes.end(), may_come_late);
}

// How bad a verdict is; nothing for those that are no better or worse than others.
std::optional<int> gravity(const std::string& verdict) {
  if (verdict == "healthy") return 0;
  if (verdict == "degraded") return 1;
  if (verdict == "unhealthy") return 2;
  return std::nullopt;
}

bool is_better(const std::string& now, const std::string& before) {
  const auto a = gravity(now);
  const auto b = gravity(before);
  return a && b && *a < *b;
}

}  // namespace

void settle(Diagnosis& diagnosis, History& history, const Settling& settling) {
  remember_findings(history, diagnosis.findings, settling.now_ms);
  const bool better = is_better(verdict_text(diagnosis.verdict), history.verdict);
  if (is_starting(diagnosis, history, settling)) {
    diagnosis.starting = true;
    diagnosis.verdict = Verdict::kUnknown;
    diagnosis.summary = "the node is starting, up for " + std::to_string(*settling.uptime_s) +
                        " s: " + diagnosis.summary;
  } else if (better && settling.confirm && !settling.confirming) {
    diagnosis.recovering = true;
    diagnosis.verdict = history.verdict == "unhealthy" ? Verdict::kUnhealthy : Verdict::kDegraded;
    diagnosis.root_causes = history.root_causes;
    diagnosis.summary = "recovering, to be confirmed by one more pass: " + history.summary;
    return;  // what is remembered stays what it recovers from
  }
  history.verdict = verdict_text(diagnosis.verdict);
  history.summary = diagnosis.summary;
  history.root_causes = diagnosis.root_causes;
}

}  // namespace efa
