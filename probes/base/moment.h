// When something happened, on two clocks. The wall clock can be set: it is for showing. How long
// ago something was is told by CLOCK_BOOTTIME (clock_gettime(2)), which nobody sets, within one
// boot.
#pragma once

#include <cstdint>
#include <string>

namespace efa {

struct Moment {
  int64_t unix_ms = 0;
  int64_t boot_ms = 0;  // since boot, sleep counted

  static Moment now();
};

// The wall time `unix_ms` of what happened at `boot_ms`, as the wall clock of `now` has it: another
// one when the clock was set in between.
int64_t shown_at(const Moment& now, int64_t unix_ms, int64_t boot_ms);

// /proc/sys/kernel/random/boot_id; "" when it cannot be read.
std::string boot_id_of_machine();

// "2026-11-23T22:00:00Z" (RFC 3339)
std::string time_text(int64_t unix_ms);

}  // namespace efa
