// Beside those of the verdict (0 to 3).
#pragma once

namespace efa {
inline constexpr int kExitUsage = 64;     // EX_USAGE of sysexits.h: the command line, configuration
inline constexpr int kExitInternal = 70;  // EX_SOFTWARE
}  // namespace efa
