#include "agent/cli/command_line.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>

#include "agent/cli/fleet_options.h"
#include "agent/cli/option_types.h"
#include "agent/config/near_miss.h"
#include "agent/config/version.h"
#include "probes/base/printable.h"
#include "probes/base/text.h"
#include "probes/judging/words.h"

namespace efa {
namespace {

constexpr const char* kFooter =
    "Exit codes of --once and status: 0 healthy or no EFA expected, 1 degraded, 2 unhealthy,\n"
    "3 unknown; of all: 64 usage or configuration error, 70 internal error.";

constexpr int64_t kLongestWait = int64_t{86'400} * 365;  // seconds
constexpr int64_t kOldestVerdict = 9'999'999'999'999;    // likewise: of any age

// Which of the options of efa-doctor itself a command uses, beside --config: another is refused.
// One that is not here uses none. What a command has under the same name is its own.
constexpr size_t kMostUsed = 10;
struct UsedOptions {
  Command command;
  std::string_view options[kMostUsed];
};
constexpr UsedOptions kUsedOptions[] = {
    {.command = Command::kOnce,
     .options = {"--once", "--trigger", "--sysroot", "--expect", "--format", "--output",
                 "--account", "--replay", "--data", "--no-deliver"}},
    {.command = Command::kDaemon, .options = {"--daemon"}},
    {.command = Command::kRecord,
     .options = {"--sysroot", "--expect", "--account", "--data", "--no-deliver"}},
    {.command = Command::kConfigCheck, .options = {"--sysroot"}},
    {.command = Command::kImageCheck, .options = {"--sysroot"}},
    {.command = Command::kTopology, .options = {"--sysroot", "--output", "--replay"}},
    {.command = Command::kPair, .options = {"--sysroot"}},
    {.command = Command::kMesh, .options = {"--sysroot"}},
};

bool uses(Command command, std::string_view option) {
  if (option == "--config") return true;
  return std::any_of(std::begin(kUsedOptions), std::end(kUsedOptions), [&](const auto& row) {
    return row.command == command && std::find(std::begin(row.options), std::end(row.options),
                                               option) != std::end(row.options);
  });
}

void add_pass_options(CLI::App& app, CommandLine& line) {
  app.add_option("--sysroot", line.sysroot,
                 "Examine the machine whose files are in DIR, not this one")
      ->type_name("DIR");
  app.add_option("--expect", line.expect,
                 "Number of EFA devices the node should have: auto, none, max or N")
      ->type_name("N");
}

class Parser {
 public:
  Parser();
  CommandLine parse(int argc, const char* const* argv);
  [[nodiscard]] std::vector<CommandText> texts() const;

 private:
  void add_commands();
  [[nodiscard]] CLI::App* chosen() const;
  [[nodiscard]] Command command() const;
  std::string take_program_options();
  [[nodiscard]] std::string why_not_of_role() const;
  [[nodiscard]] std::vector<std::string> meant() const;

  CommandLine line_;
  bool once_ = false;
  bool daemon_ = false;
  bool no_deliver_ = false;
  int64_t max_age_s_ = 0;
  std::string accept_;
  std::string require_;
  CLI::Option* age_ = nullptr;
  std::vector<std::pair<CLI::App*, Command>> commands_;
  CLI::App app_{"Tells whether EFA works on this node, and if not, why and who fixes it how.",
                "efa-doctor"};
};

Parser::Parser() {
  app_.footer(kFooter);
  app_.set_version_flag("--version", std::string(kVersion) + " (" + kCommit + ")");
  app_.add_option("--config", line_.config, "Configuration; default /etc/efa-doctor/config.toml")
      ->type_name("FILE");
  app_.fallthrough();
  app_.require_subcommand(0, 1);
  app_.add_flag("--once", once_, "Check the node once, print the report and save it");
  app_.add_flag("--daemon", daemon_, "Check the node at intervals and whenever something changes")
      ->excludes("--once");
  app_.add_option_function<std::string>("--trigger", into(line_.trigger),
                                        "Reason for this pass, for the report")
      ->type_name("WORD")
      ->group("")  // the daemon's
      ->check(one_of(words_of_enum<Trigger>()));
  add_pass_options(app_, line_);
  add_formats(
      app_, line_,
      {OutputFormat::kText, OutputFormat::kJson, OutputFormat::kPrometheus, OutputFormat::kHealth});
  app_.add_option("--output", line_.output, "Write the report to FILE")->type_name("FILE");
  app_.add_flag_callback(
          "--account", [this] { line_.asked.insert("account"); },
          "Ask AWS too what it provides for this instance")
      ->excludes("--daemon")
      ->excludes("--sysroot");
  app_.add_option("--replay", line_.replay, "Report on a recording instead of this node")
      ->type_name("FILE")
      ->excludes("--sysroot")
      ->excludes("--account");
  app_.add_flag_callback(
          "--data", [this] { line_.asked.insert("data"); },
          "Send own messages over each EFA device that nobody uses, too")
      ->excludes("--sysroot")
      ->excludes("--replay");
  app_.add_flag("--no-deliver", no_deliver_, "Write no report, health or state file");
  add_commands();
  for (const CommandText& text : texts()) {
    if (text.name.empty()) continue;
    app_.get_subcommand(text.name)->footer(fmt::format(
        "Also: {}; efa-doctor --help tells of them.\n\n{}", join(text.also, ", "), kFooter));
  }
}

void Parser::add_commands() {
  const auto add = [&](const char* name, Command command, const char* help) {
    CLI::App* added = app_.add_subcommand(name, help);
    commands_.emplace_back(added, command);
    return added;
  };
  CLI::App* status = add("status", Command::kStatus, "Print the verdict of the newest pass");
  age_ = status->add_option("--max-age", max_age_s_, "Treat a verdict older than this as unknown")
             ->type_name("SECONDS")
             ->check(whole_number(0, kOldestVerdict));
  status->add_option("--wait", line_.wait_s, "Wait up to this long for the node to be healthy")
      ->type_name("SECONDS")
      ->check(whole_number(0, kLongestWait));
  add_formats(*status, line_, {OutputFormat::kText, OutputFormat::kReason});
  status->add_option("--accept", accept_, "Exit with 0 for this verdict too")
      ->check(one_of({"degraded"}));
  status->add_option("--require", require_, "Unknown unless all devices moved data in this boot")
      ->check(one_of({"data"}));
  status
      ->add_option("--actors", line_.actors,
                   "With --format reason: only root causes that one of these removes, in short; "
                   "empty when there is none")
      ->type_name("ACTOR,...")
      ->delimiter(',')
      ->check(one_of(words_of_enum<Actor>()));
  CLI::App* explain = add("explain", Command::kExplain, "Print what a finding's code means");
  explain->add_option("CODE", line_.code, "A code as list-checks prints it, or how several begin")
      ->required();
  CLI::App* list = add("list-checks", Command::kListChecks, "Print all checks");
  add_formats(*list, line_, {OutputFormat::kText, OutputFormat::kJson, OutputFormat::kMarkdown});
  CLI::App* modes = add("list-modes", Command::kListModes,
                        "Print the known ways in which EFA fails, and which check sees each");
  add_formats(*modes, line_, {OutputFormat::kText, OutputFormat::kJson, OutputFormat::kMarkdown});
  CLI::App* record =
      add("record", Command::kRecord, "Check once and save everything that was read");
  record->add_option("FILE", line_.record_file, "FILE.tar.zst")->required();
  record->add_flag("--redact", line_.redact, "Leave out names and addresses of this host");
  add("config-check", Command::kConfigCheck, "Check the configuration")
      ->add_option("FILE", line_.config, "Instead of that of --config");
  CLI::App* image = add("image-check", Command::kImageCheck,
                        "Check the software of an image, where no EFA device is: a driver for each "
                        "installed kernel, libraries, limits");
  image->add_option("--root", line_.sysroot, "The image is in DIR, not the running system")
      ->type_name("DIR")
      ->excludes(app_.get_option("--sysroot"));
  add_formats(*image, line_, {OutputFormat::kText, OutputFormat::kJson});
  image->add_option("--output", line_.output, "Write the report to FILE")->type_name("FILE");
  CLI::App* deliver = add("deliver", Command::kDeliver, "Upload the reports that wait for S3");
  deliver->add_option("--limit", line_.deliver_limit_s, "Give up after this time; default 60")
      ->type_name("SECONDS")
      ->check(whole_number(1, kLongestWait))
      ->capture_default_str();
  deliver->add_flag("--patient", line_.patient, "Respect the pauses that follow failed attempts");
  CLI::App* topology = add("topology", Command::kTopology,
                           "Draw where GPUs and EFA devices hang, and what is unlike the others");
  add_formats(*topology, line_, {OutputFormat::kText, OutputFormat::kSvg});
  add_account_options(*add("account", Command::kAccount,
                           "Check what AWS provides for a fleet, or what a template will: security "
                           "groups, interfaces, placement"),
                      line_);
  add_pair_options(
      *add("pair", Command::kPair,
           "Send own messages between the EFA devices of two nodes, and say what does not "
           "work and why; on the one 'pair server', on the other 'pair client HOST'"),
      line_);
  add_mesh_options(
      *add("mesh", Command::kMesh,
           "Let the nodes of a job test each other, and say which of them fail, or what parts "
           "them; started once on each node, by srun, mpirun or an Indexed Job"),
      line_);
}

CLI::App* Parser::chosen() const {
  for (const auto& [app, command] : commands_) {
    if (*app) return app;
  }
  return nullptr;
}

Command Parser::command() const {
  for (const auto& [app, command] : commands_) {
    if (*app) return command;
  }
  if (daemon_) return Command::kDaemon;
  return once_ || !line_.replay.empty() ? Command::kOnce : Command::kUsageError;
}

// Why not; "" where it is taken.
std::string take_as_own(const CLI::Option& given, CLI::Option& own) {
  try {
    for (const std::string& value : given.results()) own.add_result(value);
    own.run_callback();
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
  return "";
}

// Why what was given of efa-doctor's own options is nothing for the command; "" where it is.
std::string Parser::take_program_options() {
  if (line_.command == Command::kUsageError) return "";
  CLI::App* app = chosen();
  std::string name = daemon_ ? "--daemon" : "--once";
  if (app != nullptr) name = app->get_name();
  std::vector<std::string> unused;
  std::string wrong;
  for (const CLI::Option* option : app_.get_options()) {
    if (option->count() == 0) continue;
    const std::string given = "--" + option->get_lnames().front();  // get_name() hides --trigger
    CLI::Option* own = app == nullptr ? nullptr : app->get_option_no_throw(given);
    if (own != nullptr) {
      const std::string why = take_as_own(*option, *own);
      if (!why.empty()) wrong = fmt::format("{}: {}", name, why);
    } else if (!uses(line_.command, given)) {
      unused.push_back(given);
    }
  }
  return unused.empty() ? wrong : fmt::format("{} does not use {}", name, join(unused, ", "));
}

// Likewise of pair's options, after the program's own that it takes.
std::string Parser::why_not_of_role() const {
  const CLI::App* pair = chosen();
  if (pair == nullptr || line_.command != Command::kPair) return "";
  const std::string& role = line_.pair.role;
  const std::vector<std::string> unused = options_of_other_role(*pair, role);
  return unused.empty() ? "" : fmt::format("pair {} does not use {}", role, join(unused, ", "));
}

// Of each argument that is none: whose option it is, or the option or command that is nearest.
std::vector<std::string> Parser::meant() const {
  const std::vector<CommandText> commands = texts();
  std::vector<std::string_view> known;
  std::multimap<std::string_view, std::string> owners;
  for (const CommandText& command : commands) {
    if (!command.name.empty()) known.emplace_back(command.name);
    for (const OptionText& option : command.options) {
      known.emplace_back(option.name);
      owners.emplace(option.name, command.name);
    }
  }
  std::vector<std::string> words;
  for (const std::string& argument : app_.remaining(/*recurse=*/true)) {
    const std::string typed = argument.substr(0, argument.find('='));
    const auto [first, last] = owners.equal_range(typed);
    std::vector<std::string> of;
    for (auto owner = first; owner != last; ++owner) of.push_back(owner->second);
    if (!of.empty() && typed.starts_with('-')) {
      words.push_back(fmt::format("{} is an option of: {}", typed, join(of, ", ")));
    } else if (const std::string_view word = nearest(typed, known); !word.empty()) {
      words.push_back(fmt::format("Did you mean {}?", word));
    }
  }
  return words;
}

CommandLine Parser::parse(int argc, const char* const* argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream words;  // an argument may have been made of anything
    line_.command =
        app_.exit(error, std::cout, words) == 0 ? Command::kPrinted : Command::kUsageError;
    for (const std::string& one : split(trim_end(words.str()), '\n')) {
      if (!one.empty()) std::fprintf(stderr, "%s\n", printable(one).c_str());
    }
    for (const std::string& one : meant()) {
      std::fprintf(stderr, "%s\n", one.c_str());
    }
    return line_;
  }
  line_.deliver = !no_deliver_;
  line_.accept_degraded = !accept_.empty();
  line_.require_data = !require_.empty();
  if (age_->count() > 0) line_.max_age_s = max_age_s_;
  line_.command = command();
  if (line_.command == Command::kUsageError) {
    std::fprintf(stderr, "efa-doctor: no command given\n%s", app_.help().c_str());
  }
  std::string why = take_program_options();
  if (why.empty()) why = why_not_of_role();
  if (!why.empty()) {
    std::fprintf(stderr, "efa-doctor: %s\n", printable(why).c_str());
    line_.command = Command::kUsageError;
  }
  return line_;
}

// "TEXT:{text,json}" -> "text|json"; what has no such words stays: "s3://BUCKET"
std::string value_of(const std::string& type) {
  const size_t brace = type.find('{');
  if (brace == std::string::npos) return type;
  std::string words = type.substr(brace + 1, type.find('}') - brace - 1);
  std::replace(words.begin(), words.end(), ',', '|');
  return words;
}

CommandText text_of(const CLI::App& app, const std::string& name) {
  CommandText text{name, app.get_description(), {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    if (!name.empty() && option == app.get_help_ptr()) continue;  // told once
    if (option->get_group().empty()) continue;                    // hidden
    const bool flag = option->get_items_expected_max() == 0;
    const bool argument = option->get_positional();
    const std::string type = option->get_type_name();
    const bool named = argument && type.find('{') == std::string::npos;  // by its name alone
    text.options.push_back({option->get_name(argument), flag || named ? "" : value_of(type),
                            option->get_description(), option->get_items_expected_max() > 1});
  }
  return text;
}

std::vector<CommandText> Parser::texts() const {
  std::vector<CommandText> texts{text_of(app_, "")};
  const CommandText program = texts.front();
  for (const auto& [app, command] : commands_) {
    CommandText text = text_of(*app, app->get_name());
    for (const OptionText& option : program.options) {
      const bool own = app->get_option_no_throw(option.name) != nullptr;
      if (!own && uses(command, option.name)) text.also.push_back(option.name);
    }
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  return Parser().parse(argc, argv);
}

std::vector<CommandText> command_texts() {
  return Parser().texts();
}

}  // namespace efa
