#include "probes/kernel/boot_line.h"

#include "probes/base/text.h"

namespace efa {
namespace {

// The first word, which is taken off.
std::string_view take_word(std::string_view& text) {
  constexpr std::string_view kBlanks = " \t";
  text = trim(text);
  const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
  text = trim(text.substr(word.size()));
  return word;
}

// The first word of a shell's line, without the quotes around it or parts of it. A variable in it
// stays: what it holds is not known here.
std::string shell_word(std::string_view text) {
  std::string word;
  char quote = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      word += text[++i];
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = '\0';
    } else if (quote == '\0' && (c == ' ' || c == '\t' || c == ';')) {
      break;
    } else {
      word += c;
    }
  }
  return word;
}

// `text` follows the variable's name: "=quiet", "+=\" quiet\"".
std::optional<BootLine> assignment_of(std::string_view variable, std::string_view text) {
  const bool appends = text.starts_with("+=");
  if (!appends && !text.starts_with('=')) return std::nullopt;
  BootLine line;
  line.variable = variable;
  line.arguments = shell_word(text.substr(appends ? 2 : 1));
  line.adds = appends || line.arguments.find('$') != std::string::npos;
  return line;
}

}  // namespace

std::optional<BootLine> parse_boot_line(std::string_view line) {
  constexpr std::string_view kVariables[] = {"GRUB_CMDLINE_LINUX_DEFAULT", "GRUB_CMDLINE_LINUX"};
  constexpr std::string_view kCommands[] = {"linux", "linux16", "linuxefi"};
  constexpr std::string_view kOptions = "kernelopts=";
  line = trim(line);
  for (const std::string_view variable : kVariables) {
    if (line.starts_with(variable)) return assignment_of(variable, line.substr(variable.size()));
  }
  BootLine found;
  if (line.starts_with(kOptions)) {
    found.arguments = line.substr(kOptions.size());
    return found;
  }
  const std::string_view word = take_word(line);
  if (is_one_of(word, kCommands)) {
    found.kernel = take_word(line);
  } else if (word != "options") {
    return std::nullopt;
  }
  found.arguments = line;
  return found;
}

}  // namespace efa
