// efa-doctor --once and record: one pass, its report, its files.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "agent/config/config.h"
#include "agent/pass/look.h"
#include "agent/report/format.h"
#include "agent/report/report.h"

namespace efa {

struct OnceOptions {
  Config config;
  std::string config_file;                    // "": the default path
  OutputFormat format = OutputFormat::kText;  // or kJson, kPrometheus, kHealth
  std::string output;                         // "": standard output
  std::string sysroot = "/";
  std::string replay;
  std::optional<std::string> expect;  // --expect; else the configuration's
  bool deliver = true;
  Trigger trigger = Trigger::kOnce;
  std::set<std::string> asked;  // probes that run only when asked
};

// Of this machine, of the one in a sysroot or of a recording.
Result<Looked> look_at(const OnceOptions& options, const std::set<std::string>& only = {});
// Returns the exit code.
int run_once(const OnceOptions& options);
int run_record(const OnceOptions& options, const std::string& file, bool redacted);

}  // namespace efa
