// efa-doctor explain CODE and list-checks: the catalogue for people and programs.
#pragma once

#include <string>
#include <vector>

#include "probes/protocol/check.h"

namespace efa {

std::vector<const Check*> all_checks();  // by code
int run_explain(const std::string& code);
int run_list_checks(const std::string& format);  // text, json, markdown

}  // namespace efa
