// efa-doctor explain CODE, or the beginning of several, and list-checks: the catalogue for people
// and programs.
#pragma once

#include <string>

#include "agent/report/format.h"

namespace efa {

int run_explain(const std::string& code);
int run_list_checks(OutputFormat format);  // kText, kJson or kMarkdown

}  // namespace efa
