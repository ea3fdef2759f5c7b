// The probes, a row each: what the agent has to know of one stands here and nowhere else. Adding a
// probe touches its folder, a row, a member of Node and a line of CMakeLists.txt. And the
// catalogue: every check that a finding can have, but for those that sites bring.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/judging/node.h"
#include "probes/protocol/probe_main.h"

namespace efa {

// What a probe is told beside the sysroot and its deadlines, of the configuration or of the pass.
struct ProbeSettings {
  bool recording = false;
  std::string modules;  // the directory of what is loaded only where it works
  int64_t metadata_budget_ms = 0;
  std::string metadata_endpoint;  // "" for that of EC2
  std::string known_metadata;     // CloudFacts of the pass before, as JSON; "": all is asked
  std::string run_directory;      // for lock files
};

// How one process of a probe ended, and what it said.
struct Answer {
  const ProbeOutcome& outcome;
  const Value& facts;
};

enum class Runs { kOnce, kForEachLibfabric };

struct MeasuredRung {
  Rung rung = Rung::kNone;
  bool takes_neighbours = false;  // a device that is sick below takes the others off this rung
};

// Pure: what a pass saw and what is expected go in, findings of its checks come out.
struct Judge {
  std::span<const Check* const> checks;
  void (*judge)(const Node&, const Expectation&, Findings&) = nullptr;
};

struct ProbeRow {
  const char* name;
  // what it needs
  void (*read)(const Look&) = nullptr;  // no library: it is forked; without, it is an executable
  bool live_only = false;               // a sysroot has nothing that it could look at
  bool only_when_asked = false;         // by its name, for this pass
  bool asks_aws = false;                // with keys and TLS: it has the environment of AWS's SDKs
  bool from_files = false;       // all it says comes from files: a recording of them replays it
  bool loads_libraries = false;  // code that is not ours: it maps what it likes, as whom it runs
  bool needs_no_rights = false;  // live it is nobody, where root can become that
  uint64_t capabilities = 0;     // bits of capabilities(7) that it keeps when the agent is root
  std::span<const char* const> environment = {};  // beside what all get: "NAME=value"
  std::vector<std::string> (*options)(const ProbeSettings&) = nullptr;  // "name=value"
  Runs runs = Runs::kOnce;
  // what it says
  bool lists_devices = false;    // where it ended early, a device may be there that nobody saw
  bool asks_no_device = false;   // nor a process that one may hold: no sick device holds it up
  bool quotes_others = false;    // sentences of other programs, that may hold any name
  const char* untold_fact = "";  // kept in a recording for its replay, and no part of a report
  void (*take)(const ProbeRow&, std::span<const Answer>, Node&) = nullptr;  // its own into Node
  void (*add_outcomes)(const Node&, std::vector<const ProbeOutcome*>&) = nullptr;
  // what it means
  MeasuredRung rungs[2] = {};
  Judge judges[2] = {};
};

// In the order in which they are started and judged.
std::span<const ProbeRow> probe_table();
// The row of a process that was started, "fabric" of "fabric:/opt/amazon/efa/lib"; null for a
// site's own probe.
const ProbeRow* probe_of(std::string_view process);
// The probe by whose facts it is judged; null when it is about the probes themselves.
const ProbeRow* probe_of(const Check& check);
// Of all probes, those of the site last.
std::vector<const ProbeOutcome*> outcomes_of(const Node& node);
bool takes_neighbours(Rung rung);
// False of one that only some passes are told to run, in the others.
bool was_run(const ProbeRow& row, const Node& node);
// By a probe that was run.
bool is_measured(Rung rung, const Node& node);

// By code.
std::vector<const Check*> all_checks();
// For codes from outside: of a command line, a state file. Null when there is no such check.
const Check* find_check(std::string_view code);

}  // namespace efa
