// What was asked for on the command line.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/account/ask.h"
#include "agent/mesh/options.h"
#include "agent/pair/options.h"
#include "agent/report/format.h"
#include "agent/report/trigger.h"
#include "probes/account/wishes.h"

namespace efa {

enum class Command {
  kPrinted,  // help or version: nothing is left to do
  kUsageError,
  kOnce,
  kDaemon,
  kStatus,
  kExplain,
  kListChecks,
  kListModes,
  kRecord,
  kConfigCheck,
  kImageCheck,
  kDeliver,
  kAccount,
  kTopology,
  kPair,
  kMesh
};

struct CommandLine {
  Command command = Command::kUsageError;
  std::string config;  // "": the default path, which may be missing
  OutputFormat format = OutputFormat::kText;
  std::string output;
  std::string sysroot = "/";
  std::string replay;
  std::optional<std::string> expect;
  bool deliver = true;
  Trigger trigger = Trigger::kOnce;
  std::optional<int64_t> max_age_s;
  int64_t wait_s = 0;
  bool accept_degraded = false;
  bool require_data = false;
  std::vector<std::string> actors;
  std::string code;
  std::string record_file;
  bool redact = false;
  int64_t deliver_limit_s = 60;
  bool patient = false;
  PairOptions pair;
  MeshOptions mesh;
  AccountQuestion account;
  AccountWishes wishes;
  bool deliver_account = false;
  std::set<std::string> asked;  // probes that run only when asked
};

// Prints help, version or what is wrong with the arguments.
CommandLine parse_command_line(int argc, const char* const* argv);

struct OptionText {
  std::string name;   // "--format", or "FILE" of an argument
  std::string value;  // "SECONDS", "text|json"; "" of a flag, and of an argument that may be any
  std::string help;
  bool again = false;  // more than one may be given
};

struct CommandText {
  std::string name;  // "" of efa-doctor itself
  std::string help;
  std::vector<OptionText> options;
  std::vector<std::string> also;  // those of efa-doctor itself that it uses
};

// What --help says, for the manual and for completion.
std::vector<CommandText> command_texts();

}  // namespace efa
