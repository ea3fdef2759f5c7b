// Lines that a backslash at their end continues in the next, for Sysroot::read_lines.
#pragma once

#include "probes/protocol/sysroot.h"

namespace efa {

// Is given each line, and an empty one at the end; gives a whole one once it has it.
using JoinLines = std::function<std::optional<std::string>(const std::string&)>;

// systemd.syntax(7): the backslash becomes a space; comment lines in between are left out, an empty
// line ends it.
JoinLines systemd_lines();
// pam.conf(5), as libpam reads it: white space may follow the backslash; comment lines and empty
// ones in between are left out; a comment ends the line that it stands in.
JoinLines pam_lines();
// Whole lines, of which `keep` is asked.
Sysroot::KeepLine keep_whole(JoinLines join, Sysroot::KeepLine keep);

}  // namespace efa
