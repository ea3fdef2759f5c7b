// The options of the commands that look at more than this node.
#pragma once

#include <CLI/CLI.hpp>

#include "agent/cli/command_line.h"

namespace efa {

void add_pair_options(CLI::App& pair, CommandLine& line);
void add_mesh_options(CLI::App& mesh, CommandLine& line);
void add_account_options(CLI::App& account, CommandLine& line);

}  // namespace efa
