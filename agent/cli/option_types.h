// What options of several commands share.
#pragma once

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "agent/cli/command_line.h"
#include "agent/config/near_miss.h"
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

// Of another word, the nearest of them is named.
inline CLI::Validator one_of(const std::vector<std::string>& words) {
  const CLI::Validator member = CLI::IsMember(words);
  return {[=](std::string& text) {
            const std::string why = member(text);
            return why.empty() ? why : why + near_miss(text, {words.begin(), words.end()});
          },
          member.get_description()};
}

// For an option that is one of an enum's words, which a check has seen to.
template <HasWords E>
std::function<void(const std::string&)> into(E& value) {
  return [&value](const std::string& word) { value = from_word<E>(word).value_or(value); };
}

inline void add_formats(CLI::App& app, CommandLine& line,
                        const std::vector<OutputFormat>& formats) {
  std::vector<std::string> words;
  for (const OutputFormat format : formats) words.emplace_back(word_of(format));
  app.add_option_function<std::string>("--format", into(line.format), "Output format")
      ->check(one_of(words))
      ->default_str(word_of(line.format));
}

}  // namespace efa
