// efa-doctor list-modes: the known ways in which EFA fails, and what sees each.
#pragma once

#include <string>

namespace efa {

int run_list_modes(const std::string& format);  // text, json, markdown

}  // namespace efa
