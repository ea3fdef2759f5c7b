// The options of the commands that look at more than this node.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "agent/cli/command_line.h"

namespace efa {

void add_pair_options(CLI::App& pair, CommandLine& line);
void add_mesh_options(CLI::App& mesh, CommandLine& line);
void add_account_options(CLI::App& account, CommandLine& line);

// What was given to pair that only its other role uses. (Of mesh all ranks are given the same.)
std::vector<std::string> options_of_other_role(const CLI::App& pair, const std::string& role);

}  // namespace efa
