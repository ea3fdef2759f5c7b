// efa-doctor account: what AWS must provide for a fleet, or what a template will.
#pragma once

#include <string>

#include "agent/account/ask.h"
#include "agent/config/config.h"
#include "probes/account/wishes.h"

namespace efa {

struct AccountOptions {
  AccountQuestion question;
  AccountWishes wishes;
  std::string format = "text";  // text, json, prometheus
  std::string output;           // "": standard output
};

// Returns the exit code.
int run_account(const Config& config, const AccountOptions& options);

}  // namespace efa
