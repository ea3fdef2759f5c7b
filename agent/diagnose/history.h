// What a pass makes of earlier ones: since when a check fails and how often it began to, what a
// pass that could not look again keeps, which cause that comes and goes leads, whether the node is
// still starting, whether a fault that is gone is gone for good. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "agent/diagnose/diagnosis.h"
#include "probes/base/moment.h"

namespace efa {

constexpr size_t kMaxEpisodes = 1024;  // 32 devices with all that can fail of each

// A check of a subject that has failed since this boot. One that fails again within minutes goes
// on.
struct Episode {
  std::string code;
  std::string subject;
  int64_t since_ms = 0;  // Unix time, as the clock is set now
  int64_t times = 1;     // that it began, since this boot
  bool failing = true;   // when it was last looked at
  std::optional<int64_t>
      since_boot_ms;                    // of CLOCK_BOOTTIME; episodes of version 0.1.0 have neither
  std::optional<int64_t> seen_boot_ms;  // when it was last seen to fail
  int64_t returns = 0;                  // of this episode
  bool ending = false;                  // seen to pass, which the next pass is to confirm
  std::string message;                  // as it was last seen to fail
};

template <class Io>
void describe(Io& io, Episode& episode) {
  io("code", episode.code);
  io("subject", episode.subject);
  io("since_ms", episode.since_ms);
  io("times", episode.times);
  io("failing", episode.failing);
  io("since_boot_ms", episode.since_boot_ms);
  io("seen_boot_ms", episode.seen_boot_ms);
  io("returns", episode.returns);
  io("ending", episode.ending);
  io("message", episode.message);
}

struct History {
  std::vector<Episode> episodes;
  std::string verdict;  // the last that was known and reported; "" before the first
  std::string summary;
  std::vector<std::string> root_causes;
};

template <class Io>
void describe(Io& io, History& history) {
  io("episodes", history.episodes);
  io("verdict", history.verdict);
  io("summary", history.summary);
  io("root_causes", history.root_causes);
}

// Code and subject of what failed when it was last looked at.
std::set<std::pair<std::string, std::string>> failing_in(const History& history);

// Remembers what fails. What failed before and could not be looked at now still fails.
void remember_findings(History& history, std::vector<Finding>& findings, const Node& node,
                       const Moment& now);
// After explain(): what fails on a higher rung of the ladder follows from a cause that comes and
// goes on a lower one, also in a pass that saw only the higher.
void lead_by_returning(std::vector<Finding>& findings, const History& history, int64_t boot_ms,
                       const Weights& weights = {});

// Began more than once within minutes and may do so again, though this pass saw it pass.
bool is_returning(const Episode& episode, int64_t boot_ms);

// diagnose(), with what earlier passes saw.
Diagnosis diagnose(const Node& node, const Expectation& expectation, History& history,
                   const Moment& now);

struct Settling {
  Moment now;
  std::optional<int64_t> uptime_s;
  int64_t boot_grace_s = 60;
  bool confirm = false;     // a better verdict counts only when the next pass sees it too
  bool confirming = false;  // this pass is that next one
};

// Completes the diagnosis by what is remembered, and what is remembered by the diagnosis.
void settle(Diagnosis& diagnosis, History& history, const Settling& settling);

}  // namespace efa
