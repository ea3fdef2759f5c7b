// A probe's process while it runs, as runner.cpp starts and reads it and ending.cpp ends it.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "agent/run/adopted.h"
#include "agent/run/launch.h"
#include "agent/run/runner.h"
#include "probes/base/time_spent.h"

namespace efa {

using SteadyTime = std::chrono::steady_clock::time_point;

// A killed process that gets a CPU ends within a few ms.
inline constexpr std::chrono::milliseconds kTimeToDie{150};

struct Running {
  ProbeRun run;
  Started process;
  SteadyTime started;
  bool stderr_cut = false;  // at its beginning
  bool said_all = false;    // done, or the end of its output: it only has to exit
  bool ended = false;
  bool killed = false;
  bool held = false;  // it outlived SIGKILL, asleep in the kernel
  std::optional<TimeSpent> spent;
  std::optional<int> status;  // as waitpid(2) gives it, once it was reaped
};

inline int64_t ms_since(SteadyTime start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               start)
      .count();
}

inline std::chrono::milliseconds left_until(SteadyTime limit) {
  return std::max(std::chrono::milliseconds(0),
                  std::chrono::duration_cast<std::chrono::milliseconds>(
                      limit - std::chrono::steady_clock::now()));
}

// Those that have said all get a moment to exit; the rest is killed all at once, so that all die
// at once.
void reap(std::vector<Running>& all, SteadyTime end);
// Status and detail of one that was reaped, or was left to the kernel that holds it.
void judge_end(Running& running);
// What a site's probes took out of their sessions ends with the pass. Of each probe that is one
// finding, which site_judge.cpp puts into words.
void end_adopted(Adoption& adoption, std::vector<Running>& all);

}  // namespace efa
