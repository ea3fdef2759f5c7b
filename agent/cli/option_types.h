// What options of several commands share.
#pragma once

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/cli/command_line.h"
#include "probes/base/text.h"

namespace efa {

// What CLI11 says of a number that is none holds the bounds of a double.
inline CLI::Validator whole_number(int64_t least, int64_t most) {
  return {[=](const std::string& text) {
            const auto number = parse_number<int64_t>(text);
            const bool right = number && *number >= least && *number <= most;
            return right ? ""
                         : fmt::format("'{}' is no whole number from {} to {}", text, least, most);
          },
          ""};
}

inline void add_formats(CLI::App& app, CommandLine& line, std::vector<std::string> formats) {
  app.add_option("--format", line.format, "Output format")
      ->check(CLI::IsMember(std::move(formats)))
      ->capture_default_str();
}

}  // namespace efa
