// efa-doctor list-modes: the known ways in which EFA fails, and what sees each.
#pragma once

#include "agent/report/format.h"

namespace efa {

int run_list_modes(OutputFormat format);  // kText, kJson or kMarkdown

}  // namespace efa
