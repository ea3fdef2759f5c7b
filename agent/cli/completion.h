// Completion for the shells, out of the command line: one table of commands and options for all.
#pragma once

#include <string>

namespace efa {

std::string bash_completion();  // for /usr/share/bash-completion/completions
std::string zsh_completion();   // for /usr/share/zsh/site-functions
std::string fish_completion();  // for /usr/share/fish/vendor_completions.d

}  // namespace efa
