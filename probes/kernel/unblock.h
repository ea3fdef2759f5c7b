// What keeps efa out, told and undone: lines of modprobe.d and arguments of the kernel's command
// line, each with where it stands, "/etc/modprobe.d/x.conf: blacklist efa".
#pragma once

#include <string>
#include <vector>

#include "probes/kernel/facts.h"

namespace efa {

// All of them; what "modprobe efa" does not overcome comes first.
std::vector<std::string> all_that_keeps_out(const KernelFacts& facts);
// "/etc/modprobe.d/x.conf: install efa /bin/false; /proc/cmdline: modprobe.blacklist=efa"
std::string words_of_what_keeps_out(const std::vector<std::string>& all);
// Makes each of the lines a comment, and loads efa; "" where no command as pasted undoes them all:
// an argument by which the kernel refuses it holds until the next boot, and a line that the file
// has in parts is for an editor.
std::string unblock_command(const std::vector<std::string>& all);

}  // namespace efa
