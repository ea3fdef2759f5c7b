// What the daemon holds of the machine, looked at with each pass: it lives for months, and a
// library below it that forgets a descriptor or some memory must end in a fresh start, not in a
// daemon that can start nothing more. What it does not need while it waits it gives back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace efa {

struct Usage {
  int64_t descriptors = 0;
  int64_t memory_kib = 0;  // its own, in memory or swapped out
};

// Half of the descriptors that it may have, and many times the memory that it needs.
struct Bounds {
  int64_t descriptors = 512;
  int64_t memory_kib = int64_t{32} * 1024;
};

Usage usage_of_self();
Bounds bounds_of_self();
// "570 of 1024 file descriptors are open": nothing while all is within the bounds.
std::optional<std::string> outgrown(const Usage& usage, const Bounds& bounds);

// Memory that was freed, and the pages of programs and libraries that only the work before needed:
// unchanged since they were read, they come back from the page cache when they are touched.
void give_back_memory();

// "RssAnon:\t    1234 kB" and VmSwap of /proc/self/status, in KiB
int64_t parse_own_memory_kib(const std::string& status);

}  // namespace efa
