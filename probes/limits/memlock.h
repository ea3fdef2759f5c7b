// What memory a process may lock: the one place that knows.
// Interface: systemd.exec(5) LimitMEMLOCK=, systemd-system.conf(5), limits.conf(5), slurm.conf(5).
#pragma once

#include <string>
#include <string_view>

#include "probes/limits/facts.h"

namespace efa {

// AWS's own efa-check.sh warns below; what it sets is unlimited.
inline constexpr uint64_t kEnoughLockedKib = uint64_t{16} * 1024 * 1024;
inline constexpr const char* kEnoughLockedMemory = "unlimited, or 16 GiB and more";

// Whether it is enough for EFA, by the limit that counts for a process that raises nothing, and by
// the most to which it may raise its own.
bool is_enough(const LockedMemory& memory);
bool may_raise_to_enough(const LockedMemory& memory);
// "unlimited", "8192 KiB", "8192 KiB (hard limit unlimited)"
std::string words_of(const LockedMemory& memory);

// The value of LimitMEMLOCK= or DefaultLimitMEMLOCK=: "infinity", "65536", "64K", "8M:infinity".
std::optional<LockedMemory> parse_unit_limit(std::string_view value);

// A limit and the file that gives it.
struct GivenLimit {
  std::optional<LockedMemory> memory;  // absent: nothing gives one
  std::string source;
};

// The last one holds, an empty one takes back those before it, a malformed one is ignored.
GivenLimit last_of(const std::vector<MemlockSetting>& settings);
// What systemd gives that service at its next start.
GivenLimit unit_limit(const LimitsFacts& facts, const UnitOnDisk& unit);

// What pam_limits makes of a login of an ordinary user (not root, in no named group) that would
// else have `inherited`.
GivenLimit login_limit(const std::vector<PamLimit>& lines, const GivenLimit& inherited);
// Whether a line gives enough to some user or group by name.
bool gives_enough_to_some(const std::vector<PamLimit>& lines);

}  // namespace efa
