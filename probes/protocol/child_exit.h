// How a child ends, beside wait_for_exit() of process.h.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

namespace efa {

// Of a status as waitpid(2) gives it: "exit code 70", "signal 11 (Segmentation fault)"
std::string words_of_exit(int status);
// Whether the child has ended, or does so in time; it is not reaped, so its pid and its group are
// still its own.
bool ends_within(pid_t pid, std::chrono::milliseconds limit);

}  // namespace efa
