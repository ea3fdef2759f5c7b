#include "agent/log/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdlib>

#include "probes/base/printable.h"

namespace efa {
namespace {

// "<4>" before a warning: the journal takes the priority from it (sd-daemon(3)).
class PriorityFlag : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    const char priority = message.level >= spdlog::level::critical ? '2'
                          : message.level == spdlog::level::err    ? '3'
                          : message.level == spdlog::level::warn   ? '4'
                          : message.level == spdlog::level::info   ? '6'
                                                                   : '7';
    out.push_back(priority);
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return spdlog::details::make_unique<PriorityFlag>();
  }
};

// The message itself, as one line that steers neither a terminal nor the journal.
class CleanMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    const std::string line = printable({message.payload.data(), message.payload.size()});
    out.append(line.data(), line.data() + line.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return spdlog::details::make_unique<CleanMessage>();
  }
};

// What fmt::format() of all other files is linked with: they see <fmt/core.h> only, which declares
// it, and this keeps a copy here whatever the compiler makes of the use below.
[[gnu::used]] constexpr auto kFormat =
    static_cast<std::string (*)(fmt::string_view, fmt::format_args)>(&fmt::vformat);

}  // namespace

void log_to_stderr() {
  auto logger = spdlog::stderr_logger_st("efa-doctor");
  const bool journal = std::getenv("JOURNAL_STREAM") != nullptr && isatty(STDERR_FILENO) == 0;
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<PriorityFlag>('*').add_flag<CleanMessage>('_');
  formatter->set_pattern(journal ? "<%*>%_" : "efa-doctor: %l: %_");
  logger->set_formatter(std::move(formatter));
  spdlog::set_default_logger(std::move(logger));
}

void log_line(LogLevel level, fmt::string_view format, fmt::format_args arguments) {
  constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info,
                                                   spdlog::level::warn, spdlog::level::err};
  spdlog::log(kLevels[static_cast<int>(level)], fmt::vformat(format, arguments));
}

}  // namespace efa
