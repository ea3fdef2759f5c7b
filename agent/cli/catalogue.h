// efa-doctor explain CODE, or the beginning of several, and list-checks: the catalogue for people
// and programs.
#pragma once

#include <string>

namespace efa {

int run_explain(const std::string& code);
int run_list_checks(const std::string& format);  // text, json, markdown

}  // namespace efa
