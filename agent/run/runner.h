// Starts the processes of a pass, all at once, and brings back what each said and how it ended.
// No probe can end the pass: one that hangs is killed at the deadline, and one that the kernel
// does not let die is left behind and named.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/run/transcript.h"
#include "probes/judging/outcome.h"
#include "probes/protocol/probe_main.h"

namespace efa {

constexpr size_t kMaxStderr = size_t{16} * 1024;  // enough for the log lines of 32 devices

struct Launch {
  std::string name;                     // as the report names it
  void (*read)(const Look&) = nullptr;  // one of ours, forked from this process; else
  std::string executable;               // absolute path
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // all of it: "NAME=value"
  uint64_t capabilities = 0;             // kept when we are root
  bool as_nobody = false;                // it loads what root must not
  uint64_t memory_mib = 0;               // of its data at most; 0: as much as a library maps
  int stdin_fd = -1;                     // what it may read; without it, nothing
  std::optional<Allowance> allowance;    // of what it says; else that of a probe of a pass
  Transcript::TakeFact take;             // who is given its facts as they come
};

struct ProbeRun {
  ProbeOutcome outcome;
  Transcript transcript;
};

// What every probe is given, of nobody's own.
std::vector<std::string> base_environment();
// That, and what of our own says where keys for AWS come from and which way leads there. It is
// handed on and not read.
std::vector<std::string> environment_for_aws();

struct Awaited {
  std::string probe;
  std::string step;  // what it does
  int64_t ms = 0;    // since it was started
};

struct HowFar {
  size_t ended = 0;
  size_t all = 0;
  std::vector<Awaited> awaited;  // in the order in which they were started
};

// Called when a probe ends, and each second while none does.
using Progress = std::function<void(const HowFar&)>;

// Of what must be looked into before it is started, while the others run.
using LaterLaunches = std::function<std::vector<Launch>()>;

std::vector<ProbeRun> run_probes(const std::vector<Launch>& launches,
                                 std::chrono::milliseconds deadline, const Progress& progress,
                                 const LaterLaunches& later = {});

}  // namespace efa
