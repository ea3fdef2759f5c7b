// A pass from its beginning to its recording, and a recording back to what its probes said.
#pragma once

#include <string>
#include <vector>

#include "agent/cli/config.h"
#include "agent/run/recording.h"
#include "agent/run/runner.h"

namespace efa {

struct PassRequest {
  Config config;
  std::string sysroot = "/";
  std::string expect;
  bool record = false;
  bool keep_state = true;
  std::string trigger = "once";
};

// What is reported, replayed or saved all comes from what this returns.
Recording look_at_machine(const PassRequest& request, const Progress& progress);
// The runs as they were.
std::vector<ProbeRun> runs_of(const Recording& recording);
// Probes that only read files read them again, out of the recording; the others say what they said.
std::vector<ProbeRun> replayed_runs(const Config& config, const Recording& recording);

}  // namespace efa
