// How long texts from outside may be once they are ours: of a site's own probe, of a kernel, of a
// file's name. What is longer is cut at a whole character and says so.
#pragma once

#include <string>
#include <string_view>

namespace efa {

inline constexpr size_t kMaxWords = 1024;   // a message, a remedy, a step: what a person reads
inline constexpr size_t kMaxSubject = 256;  // what a finding is about; the state keeps it
inline constexpr size_t kMaxFact = 4096;    // a path (PATH_MAX), a page of sysfs
inline constexpr size_t kMaxDevices = 256;  // EFA devices of a node; the largest type has 32

// "a long te... [cut]", at most `limit` bytes.
std::string cut(std::string text, size_t limit);

// The next line, taken off the front of `text`. For texts of which split() would make too many
// strings.
std::string_view take_line(std::string_view& text);

}  // namespace efa
