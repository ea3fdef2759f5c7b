// What leaves for a terminal, a log or systemd: one line that steers nothing. What machines,
// servers, sites and file names say may hold escape sequences (ECMA-48), line breaks that begin a
// line of another meaning (sd_notify's MAINPID=, the journal's "<0>"), and letters that turn a
// line's direction (Unicode Bidirectional Algorithm, UAX 9).
#pragma once

#include <string>
#include <string_view>

namespace efa {

inline constexpr size_t kLongestLine = 4096;  // in bytes; a line of ours has some hundred

// White space of any kind becomes a blank; control characters, invisible and direction-turning
// ones, and bytes that are no UTF-8 become '?'. At most `most` bytes; what was cut ends in "...".
std::string printable(std::string_view text, size_t most = kLongestLine);

// The same in ASCII, of which nothing steers a shell or a scheduler: quotes are left out ("node's"
// is "nodes"), dashes and blanks are ASCII's; "$", a backslash and what has no like become '?'.
std::string plain_ascii(std::string_view text, size_t most = kLongestLine);

}  // namespace efa
