// efa-doctor account: what AWS must provide for a fleet, or what a template will.
#pragma once

#include <string>

#include "agent/account/ask.h"
#include "agent/config/config.h"
#include "agent/report/format.h"
#include "probes/account/wishes.h"

namespace efa {

struct AccountOptions {
  AccountQuestion question;
  AccountWishes wishes;
  OutputFormat format = OutputFormat::kText;  // or kJson, kLines, kPrometheus
  std::string output;                         // "": standard output
  bool deliver = false;                       // to S3, as the configuration says
  std::string config_file;                    // "": the default path
};

// Returns the exit code.
int run_account(const Config& config, const AccountOptions& options);

}  // namespace efa
