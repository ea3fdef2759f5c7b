// One pass over the machine: which probes are started, with what, and what they brought back.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/run/left_process.h"
#include "agent/run/runner.h"
#include "probes/judging/table.h"

namespace efa {

struct PassPlan {
  std::string sysroot = "/";
  std::string libexec;  // where the probes lie
  PassConfig pass;
  MetadataConfig metadata;
  bool record = false;
  std::set<std::string> asked;    // the probes that run only when asked
  std::set<std::string> only;     // the probes that are run; empty: all
  std::string installed_kernel;   // what probe-kernel looks at instead of the running one
  std::vector<LeftProcess> left;  // of earlier passes, still alive
  std::string known_metadata;     // as ProbeSettings has it
  std::string run_directory;      // likewise
  bool site_probes = true;

  [[nodiscard]] bool live() const { return sysroot == "/"; }
};

// MiB of data that it may have at most; 0: as much as it likes.
uint64_t memory_of(const ProbeRow& row, bool live);

std::vector<ProbeRun> run_pass(const PassPlan& plan, const Progress& progress);

// One probe again, on what a recording holds of the files that it read.
ProbeRun run_from_looks(const PassPlan& plan, const ProbeRow& row, const std::string& looks,
                        std::chrono::milliseconds limit);

}  // namespace efa
