// The kernel's words about a process that it ended inside libfabric: show_signal_msg of
// arch/x86/mm/fault.c and show_signal of its traps.c, arm64_show_signal of
// arch/arm64/kernel/traps.c. It says nothing where the process handles the signal, nor where
// debug.exception-trace is 0, as it is on aarch64 unless somebody sets it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "probes/log/facts.h"

namespace efa {

// "6,900,52000000,-;python3[4711]: segfault at 10 ip 00007f1c sp 00007ffd error 4 in
// libfabric.so.1.24.0[7f1c8000+a0000] likely on CPU 3 (core 3, socket 0)"
std::optional<LibraryCrash> parse_library_crash(std::string_view record);
// The same record with the library alone, for a recording: the process's name is its owner's word.
std::string words_of_library_crash(std::string_view record);

}  // namespace efa
