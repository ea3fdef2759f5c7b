// What a pass makes of earlier ones: since when a check fails and how often it began to, whether
// the node is still starting, whether a fault that is gone is gone for good. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/diagnose/diagnosis.h"

namespace efa {

// A check of a subject that has failed since this boot.
struct Episode {
  std::string code;
  std::string subject;
  int64_t since_ms = 0;
  int64_t times = 1;  // that it began
  bool failing = true;
};

template <class Io>
void describe(Io& io, Episode& episode) {
  io("code", episode.code);
  io("subject", episode.subject);
  io("since_ms", episode.since_ms);
  io("times", episode.times);
  io("failing", episode.failing);
}

struct History {
  std::vector<Episode> episodes;
  std::string verdict;  // the last that was reported; "" before the first
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

struct Settling {
  int64_t now_ms = 0;
  std::optional<int64_t> uptime_s;
  int64_t boot_grace_s = 60;
  bool confirm = false;     // a better verdict counts only when the next pass sees it too
  bool confirming = false;  // this pass is that next one
};

// Completes the diagnosis by what is remembered, and what is remembered by the diagnosis.
void settle(Diagnosis& diagnosis, History& history, const Settling& settling);

}  // namespace efa
