// The agent's own log: standard error, or the journal when systemd reads it. The only door to
// spdlog: what it instantiates costs more to compile than most files that log.
#pragma once

#include <fmt/core.h>

namespace efa {

void log_to_stderr();

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Writes one line, made of a format and arguments of fmt.
void log_line(LogLevel level, fmt::string_view format, fmt::format_args arguments);

template <class... Arguments>
void log_debug(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  log_line(LogLevel::kDebug, format, fmt::make_format_args(arguments...));
}
template <class... Arguments>
void log_info(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  log_line(LogLevel::kInfo, format, fmt::make_format_args(arguments...));
}
template <class... Arguments>
void log_warning(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  log_line(LogLevel::kWarning, format, fmt::make_format_args(arguments...));
}
template <class... Arguments>
void log_error(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  log_line(LogLevel::kError, format, fmt::make_format_args(arguments...));
}

}  // namespace efa
