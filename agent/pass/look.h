// A pass from its beginning to its recording, and a recording back to what its probes said.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/pass/recording.h"
#include "agent/run/runner.h"

namespace efa {

struct PassRequest {
  Config config;
  std::string sysroot = "/";
  std::string expect;
  bool record = false;
  bool keep_state = true;
  Trigger trigger = Trigger::kOnce;
  std::set<std::string> asked;  // as PassPlan has it
  std::set<std::string> only;   // likewise
};

struct Looked {
  Recording recording;  // but for what the probes said: see recorded_probes()
  std::vector<ProbeRun> runs;
};

// What is reported, replayed or saved all comes from what this returns.
Looked look_at_machine(const PassRequest& request, const Progress& progress);
// What the probes said and how they ended, to be saved.
std::vector<RecordedProbe> recorded_probes(const std::vector<ProbeRun>& runs);
// Probes that only read files read them again, out of the recording; the others say what they said.
std::vector<ProbeRun> replayed_runs(const Config& config, const Recording& recording);

}  // namespace efa
