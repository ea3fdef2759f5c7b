#include "agent/cli/completion.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>

#include "agent/cli/command_line.h"
#include "probes/base/text.h"

namespace efa {
namespace {

constexpr const char* kCodes = "efa-doctor list-checks 2>/dev/null | cut -d' ' -f1";

// What can stand after an option, or as an argument.
enum class Kind { kNone, kWords, kFile, kDirectory, kCode, kOther };

struct Completed {
  std::vector<std::string> names;  // "-h", "--help"; none of an argument
  std::string help;
  Kind kind = Kind::kNone;
  std::vector<std::string> words;
  bool again = false;
};

Completed completed(const OptionText& option) {
  Completed one;
  one.help = option.help;
  one.again = option.again;
  const bool argument = !option.name.starts_with('-');
  if (!argument) one.names = split(option.name, ',');
  const std::string value = argument && option.value.empty() ? option.name : option.value;
  if (value.empty()) return one;
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (value == "FILE") {
    one.kind = Kind::kFile;
  } else if (split(value, '|').front() == "DIR") {  // "DIR|s3://BUCKET/PREFIX"
    one.kind = Kind::kDirectory;
  } else if (value == "CODE") {
    one.kind = Kind::kCode;
  } else if (is_one_of("--expect", one.names)) {
    one.kind = Kind::kWords;
    one.words = {"auto", "none", "max"};
  } else if (std::none_of(value.begin(), value.end(), is_capital)) {
    one.kind = Kind::kWords;  // "text|json"; else "SECONDS", "s3://BUCKET/PREFIX"
    one.words = split(value, '|');
  } else {
    one.kind = Kind::kOther;
  }
  return one;
}

std::vector<Completed> completed_options(const CommandText& command) {
  std::vector<Completed> all;
  for (const OptionText& option : command.options) all.push_back(completed(option));
  return all;
}

bool has_option(const std::vector<Completed>& options, const Completed& option) {
  return std::any_of(options.begin(), options.end(),
                     [&](const Completed& one) { return one.names == option.names; });
}

// Of the program's own: what the command uses too.
bool takes(const CommandText& command, const Completed& of_program) {
  const std::string& name = of_program.names.back();
  return name == "--help" || is_one_of(name, command.also);
}

std::vector<Completed> options_after(const CommandText& command, const CommandText& program) {
  std::vector<Completed> all = completed_options(command);
  for (const Completed& option : completed_options(program)) {
    if (takes(command, option) && !has_option(all, option)) all.push_back(option);
  }
  return all;
}

std::string names_of(const std::vector<Completed>& options) {
  std::vector<std::string> names;
  for (const Completed& option : options) {
    names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return join(names, " ");
}

std::string names_of(const std::vector<CommandText>& commands) {
  std::vector<std::string> names;
  for (const CommandText& command : commands) {
    if (!command.name.empty()) names.push_back(command.name);
  }
  return join(names, " ");
}

// For a string in single quotes.
std::string quoted(const std::string& text, std::string_view quote) {
  std::string out;
  for (const char c : text) out += c == '\'' ? std::string(quote) : std::string(1, c);
  return "'" + out + "'";
}

// What bash does after an option, or where an argument is wanted.
std::string bash_words(const Completed& option) {
  switch (option.kind) {
    case Kind::kWords:
      return fmt::format("words={}", quoted(join(option.words, " "), "'\\''"));
    case Kind::kCode:
      return fmt::format("words=$({})", kCodes);
    case Kind::kFile:
    case Kind::kDirectory:
      return fmt::format("mapfile -t COMPREPLY < <(compgen -{} -- \"$word\"); return",
                         option.kind == Kind::kFile ? "f" : "d");
    case Kind::kOther:
      return "return";
    case Kind::kNone:
      break;
  }
  return "";
}

// "    status,--format) words='text reason' ;;", and what an argument may be where no option is
// before it: "    record,*) if [ -z "$argument" ]; then ...; fi ;;"
std::string bash_cases(const std::vector<CommandText>& commands) {
  std::string cases;
  std::string of_program;  // what a command has of its own comes before
  std::string arguments;
  for (const CommandText& command : commands) {
    const bool program = command.name.empty();
    bool has_argument = false;
    for (const Completed& option : completed_options(command)) {
      const std::string what = bash_words(option);
      if (what.empty()) continue;
      if (!option.names.empty()) {
        (program ? of_program : cases) += fmt::format(
            "    {},{}) {} ;;\n", program ? "*" : command.name, option.names.back(), what);
      } else if (!std::exchange(has_argument, true)) {  // the first: a second one may be any word
        arguments +=
            fmt::format("    {},*) if [ -z \"$argument\" ]; then {}; fi ;;\n", command.name, what);
      }
    }
  }
  return cases + of_program + arguments;
}

// "=|--config|--format": what a value follows; a shell may part "--format=json" into three words.
std::string names_before_values(const std::vector<CommandText>& commands) {
  std::set<std::string> names{"="};
  for (const CommandText& command : commands) {
    for (const Completed& option : completed_options(command)) {
      if (option.kind != Kind::kNone) names.insert(option.names.begin(), option.names.end());
    }
  }
  return join({names.begin(), names.end()}, "|");
}

}  // namespace

std::string bash_completion() {
  const std::vector<CommandText> commands = command_texts();
  std::string options;
  for (const CommandText& command : commands) {
    if (command.name.empty()) continue;
    options += fmt::format("      {}) words=\"{}\" ;;\n", command.name,
                           names_of(options_after(command, commands.front())));
  }
  return "# bash completion for efa-doctor\n"
         "_efa_doctor() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words command "
         "argument i\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case ${COMP_WORDS[i-1]} in " +
         names_before_values(commands) +
         ") continue ;; esac\n"
         "    case ${COMP_WORDS[i]} in\n"
         "      -*|=) ;;\n"
         "      *) if [ -n \"$command\" ]; then argument=given; else command=${COMP_WORDS[i]}; fi "
         ";;\n"
         "    esac\n"
         "  done\n"
         "  [[ $word == -* ]] || case $command,$before in\n" +
         bash_cases(commands) +
         "  esac\n"
         "  if [ -z \"$words\" ]; then\n"
         "    case $command in\n" +
         options + "      *) words=\"" + names_of(commands) + " " +
         names_of(completed_options(commands.front())) +
         "\" ;;\n"
         "    esac\n"
         "  fi\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
         "}\n"
         "complete -F _efa_doctor efa-doctor\n";
}

namespace {

// Inside of [...] of _arguments a bracket and a colon have a meaning.
std::string zsh_help(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_action(const Completed& option) {
  switch (option.kind) {
    case Kind::kWords:
      return ":word:(" + join(option.words, " ") + ")";
    case Kind::kCode:
      return ":code:_efa_doctor_codes";
    case Kind::kFile:
      return ":file:_files";
    case Kind::kDirectory:
      return ":directory:_files -/";
    case Kind::kOther:
      return ":value: ";
    case Kind::kNone:
      break;
  }
  return "";
}

std::string zsh_arguments(const std::vector<Completed>& options) {
  std::string lines;
  int arguments = 0;
  for (const Completed& option : options) {
    if (option.names.empty()) {
      lines += " \\\n      " + quoted(std::to_string(++arguments) + zsh_action(option), "'\\''");
    }
    for (const std::string& name : option.names) {
      lines += " \\\n      " + quoted((option.again ? "*" : "") + name + "[" +
                                          zsh_help(option.help) + "]" + zsh_action(option),
                                      "'\\''");
    }
  }
  return lines;
}

}  // namespace

std::string zsh_completion() {
  const std::vector<CommandText> commands = command_texts();
  std::string names;
  std::string cases;
  for (const CommandText& command : commands) {
    if (command.name.empty()) continue;
    names += "    " + quoted(command.name + ":" + zsh_help(command.help), "'\\''") + "\n";
    cases += "    " + command.name + ")\n      _arguments" +
             zsh_arguments(options_after(command, commands.front())) + " ;;\n";
  }
  return "#compdef efa-doctor\n"
         "_efa_doctor_codes() {\n"
         "  local -a codes\n"
         "  codes=(${(f)\"$(" +
         std::string(kCodes) +
         ")\"})\n"
         "  compadd -a codes\n"
         "}\n"
         "_efa_doctor_commands() {\n"
         "  local -a commands\n"
         "  commands=(\n" +
         names +
         "  )\n"
         "  _describe command commands\n"
         "}\n"
         "_efa_doctor() {\n"
         "  local curcontext=$curcontext state line\n"
         "  typeset -A opt_args\n"
         "  _arguments -C -A \"-*\"" +  // after the command it has its own
         zsh_arguments(completed_options(commands.front())) +
         " \\\n      '1:command:_efa_doctor_commands' '*::argument:->argument'\n"
         "  [[ $state == argument ]] || return\n"
         "  case $line[1] in\n" +
         cases +
         "  esac\n"
         "}\n"
         "_efa_doctor \"$@\"\n";
}

namespace {

std::string fish_action(const Completed& option) {
  switch (option.kind) {
    case Kind::kWords:
      return " -x -a " + quoted(join(option.words, " "), "\\'");
    case Kind::kCode:
      return " -x -a " + quoted("(efa-doctor list-checks 2>/dev/null | cut -d\" \" -f1)", "\\'");
    case Kind::kFile:
      return " -r -F";
    case Kind::kDirectory:
      return " -x -a '(__fish_complete_directories)'";
    case Kind::kOther:
      return " -x";
    case Kind::kNone:
      break;
  }
  return "";
}

// An option that some commands have of their own is offered there by them, and not where one does
// not use it.
std::string fish_condition(const CommandText& command, const Completed& option,
                           const std::vector<CommandText>& commands) {
  if (!command.name.empty()) return "__fish_seen_subcommand_from " + command.name;
  std::vector<std::string> without;
  for (const CommandText& other : commands) {
    if (other.name.empty()) continue;
    const bool offered = takes(other, option) && !has_option(completed_options(other), option);
    if (!offered) without.push_back(other.name);
  }
  return without.empty() ? "" : "not __fish_seen_subcommand_from " + join(without, " ");
}

std::string fish_option(const CommandText& command, const Completed& option,
                        const std::vector<CommandText>& commands) {
  std::string line = "complete -c efa-doctor";
  const std::string condition = fish_condition(command, option, commands);
  if (!condition.empty()) line += " -n " + quoted(condition, "\\'");
  for (const std::string& name : option.names) {
    const bool wide = name.starts_with("--");
    line += (wide ? " -l " : " -s ") + name.substr(wide ? 2 : 1);
  }
  return line + " -d " + quoted(option.help, "\\'") + fish_action(option) + "\n";
}

}  // namespace

std::string fish_completion() {
  const std::vector<CommandText> commands = command_texts();
  std::string text = "# fish completion for efa-doctor\ncomplete -c efa-doctor -f\n";
  for (const CommandText& command : commands) {
    if (!command.name.empty()) {
      text += "complete -c efa-doctor -n '__fish_use_subcommand' -a " + command.name + " -d " +
              quoted(command.help, "\\'") + "\n";
    }
    for (const Completed& option : completed_options(command)) {
      text += fish_option(command, option, commands);
    }
  }
  return text;
}

}  // namespace efa
