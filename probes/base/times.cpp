#include "probes/base/times.h"

#include <ctime>

namespace efa {
namespace {

// What follows the time is in `rest`.
std::optional<int64_t> parse_time_ms(const char* text, const char* format, std::string& rest) {
  tm parts{};
  const char* end = strptime(text, format, &parts);
  if (end == nullptr) return std::nullopt;
  rest = end;
  return int64_t{timegm(&parts)} * 1000;
}

}  // namespace

std::string basic_time_text(int64_t unix_ms) {
  const auto seconds = static_cast<time_t>(unix_ms / 1000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
  return text;
}

std::optional<int64_t> parse_iso_time_ms(const std::string& text) {
  std::string rest;
  const auto time = parse_time_ms(text.c_str(), "%Y-%m-%dT%H:%M:%S", rest);
  if (rest.starts_with(".")) rest.erase(0, rest.find_first_not_of("0123456789", 1));
  return rest == "Z" ? time : std::nullopt;
}

std::optional<int64_t> parse_http_date_ms(const std::string& text) {
  std::string rest;
  const auto time = parse_time_ms(text.c_str(), "%a, %d %b %Y %H:%M:%S", rest);
  return rest == " GMT" ? time : std::nullopt;
}

}  // namespace efa
