// The ways in which times are written by S3, HTTP and credential services; all UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace efa {

// "20150830T123600Z"
std::string basic_time_text(int64_t unix_ms);
// "2015-08-30T12:36:00Z", also with a fraction of a second
std::optional<int64_t> parse_iso_time_ms(const std::string& text);
// "Sun, 30 Aug 2015 12:36:00 GMT" (RFC 9110, IMF-fixdate)
std::optional<int64_t> parse_http_date_ms(const std::string& text);

}  // namespace efa
