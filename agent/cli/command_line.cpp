#include "agent/cli/command_line.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>

#include "agent/config/near_miss.h"
#include "agent/config/version.h"
#include "probes/base/printable.h"
#include "probes/base/text.h"

namespace efa {
namespace {

constexpr const char* kFooter =
    "Exit codes of --once and status: 0 healthy or no EFA expected, 1 degraded, 2 unhealthy,\n"
    "3 unknown; of all: 64 usage or configuration error, 70 internal error.";

// What CLI11 says of a number that is none holds the bounds of a double.
CLI::Validator whole_number(int64_t least, int64_t most) {
  return {[=](const std::string& text) {
            const auto number = parse_number<int64_t>(text);
            const bool right = number && *number >= least && *number <= most;
            return right ? ""
                         : fmt::format("'{}' is no whole number from {} to {}", text, least, most);
          },
          ""};
}

constexpr int64_t kMostPort = 65'535;
constexpr int64_t kLongestWait = int64_t{86'400} * 365;  // seconds
constexpr int64_t kOldestVerdict = 9'999'999'999'999;    // likewise: of any age

void add_pass_options(CLI::App& app, CommandLine& line) {
  app.add_option("--sysroot", line.sysroot,
                 "Examine the machine whose files are in DIR, not this one")
      ->type_name("DIR");
  app.add_option("--expect", line.expect,
                 "Number of EFA devices the node should have: auto, none, max or N")
      ->type_name("N");
}

void add_formats(CLI::App& app, CommandLine& line, std::vector<std::string> formats) {
  app.add_option("--format", line.format, "Output format")
      ->check(CLI::IsMember(std::move(formats)))
      ->capture_default_str();
}

class Parser {
 public:
  Parser();
  CommandLine parse(int argc, const char* const* argv);
  [[nodiscard]] std::vector<CommandText> texts() const;

 private:
  void add_commands();
  void add_account(CLI::App& account);
  void add_pair(CLI::App& pair);
  void add_mesh(CLI::App& mesh);
  [[nodiscard]] Command command() const;
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
  app_.add_option("--trigger", line_.trigger, "Reason for this pass, for the report")
      ->type_name("WORD")
      ->group("")  // the daemon's
      ->check(CLI::IsMember(
          {"once", "boot", "interval", "event", "request", "recovery", "starting", "retry"}));
  add_pass_options(app_, line_);
  add_formats(app_, line_, {"text", "json", "prometheus", "health"});
  app_.add_option("--output", line_.output, "Write the report to FILE")->type_name("FILE");
  app_.add_flag_callback(
          "--account", [this] { line_.asked.insert("account"); },
          "Ask AWS too what it provides for this instance")
      ->excludes("--daemon");
  app_.add_option("--replay", line_.replay, "Report on a recording instead of this node")
      ->type_name("FILE")
      ->excludes("--sysroot");
  app_.add_flag_callback(
      "--data", [this] { line_.asked.insert("data"); },
      "Send own messages over each EFA device that nobody uses, too");
  app_.add_flag("--no-deliver", no_deliver_, "Write no report, health or state file");
  add_commands();
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
  add_formats(*status, line_, {"text", "reason"});
  status->add_option("--accept", accept_, "Exit with 0 for this verdict too")
      ->check(CLI::IsMember({"degraded"}));
  status->add_option("--require", require_, "Unknown unless all devices moved data in this boot")
      ->check(CLI::IsMember({"data"}));
  status
      ->add_option("--actors", line_.actors,
                   "With --format reason: only root causes that one of these removes, in short; "
                   "empty when there is none")
      ->type_name("ACTOR,...")
      ->delimiter(',')
      ->check(CLI::IsMember(
          {"node_operator", "image_owner", "account_owner", "job_owner", "aws_support"}));
  CLI::App* explain = add("explain", Command::kExplain, "Print what a finding's code means");
  explain->add_option("CODE", line_.code, "A code as list-checks prints it, or how several begin")
      ->required();
  CLI::App* list = add("list-checks", Command::kListChecks, "Print all checks");
  add_formats(*list, line_, {"text", "json", "markdown"});
  CLI::App* modes = add("list-modes", Command::kListModes,
                        "Print the known ways in which EFA fails, and which check sees each");
  add_formats(*modes, line_, {"text", "json", "markdown"});
  CLI::App* record =
      add("record", Command::kRecord, "Check once and save everything that was read");
  record->add_option("FILE", line_.record_file, "FILE.tar.zst")->required();
  record->add_flag("--redact", line_.redact, "Leave out names and addresses of this host");
  add("config-check", Command::kConfigCheck, "Check the configuration");
  CLI::App* image = add("image-check", Command::kImageCheck,
                        "Check the software of an image, where no EFA device is: a driver for each "
                        "installed kernel, libraries, limits");
  image->add_option("--root", line_.sysroot, "The image is in DIR, not the running system")
      ->type_name("DIR");
  add_formats(*image, line_, {"text", "json"});
  image->add_option("--output", line_.output, "Write the report to FILE")->type_name("FILE");
  CLI::App* deliver = add("deliver", Command::kDeliver, "Upload the reports that wait for S3");
  deliver->add_option("--limit", line_.deliver_limit_s, "Give up after this time; default 60")
      ->type_name("SECONDS")
      ->check(whole_number(1, kLongestWait))
      ->capture_default_str();
  deliver->add_flag("--patient", line_.patient, "Respect the pauses that follow failed attempts");
  CLI::App* topology = add("topology", Command::kTopology,
                           "Draw where GPUs and EFA devices hang, and what is unlike the others");
  add_formats(*topology, line_, {"text", "svg"});
  add_account(*add("account", Command::kAccount,
                   "Check what AWS provides for a fleet, or what a template will: security "
                   "groups, interfaces, placement"));
  add_pair(*add("pair", Command::kPair,
                "Send own messages between the EFA devices of two nodes, and say what does not "
                "work and why; on the one 'pair server', on the other 'pair client HOST'"));
  add_mesh(*add("mesh", Command::kMesh,
                "Let the nodes of a job test each other, and say which of them fail, or what parts "
                "them; started once on each node, by srun, mpirun or an Indexed Job"));
}

void Parser::add_pair(CLI::App& pair) {
  PairOptions& options = line_.pair;
  pair.add_option("ROLE", options.role, "server or client")
      ->required()
      ->check(CLI::IsMember({"server", "client"}));
  pair.add_option("HOST", options.host, "Of the server, for a client");
  pair.add_option("--bind", options.bind, "Of a server: listen at this address alone")
      ->type_name("ADDRESS");
  pair.add_option("--port", options.port, "TCP port of the server")
      ->type_name("N")
      ->check(whole_number(1, kMostPort))
      ->capture_default_str();
  pair.add_option("--device", options.device, "Test this EFA device alone: its PCI address or name")
      ->type_name("DEVICE")
      ->capture_default_str();
  pair.add_flag("--once", options.once, "Of a server: end once a client was served");
  pair.add_option("--token-file", options.token_file,
                  "What both ends must know. Without it a server prints one, and a client reads "
                  "it from standard input")
      ->type_name("FILE");
  pair.add_option("--sizes", options.sizes,
                  "Of a client: take figures with messages of so many bytes")
      ->type_name("BYTES,...")
      ->delimiter(',')
      ->capture_default_str();
  pair.add_option("--engine", options.engine,
                  "Of a client: use the devices by libibverbs, by each libfabric that is "
                  "installed, or first by the one and then by the others")
      ->check(CLI::IsMember({kVerbsEngine, kLibfabricEngine, kBothEngines}))
      ->capture_default_str();
  pair.add_flag("--compare", options.compare,
                "Of a client: let fi_pingpong, where both nodes have it, send the same messages "
                "over one pair of devices (its TCP port 47592 must be open too)");
  pair.add_option("--seconds", options.seconds,
                  "Of a client: for the figures of each pair of devices")
      ->type_name("N")
      ->check(whole_number(1, kMostPairSeconds))
      ->capture_default_str();
  add_formats(pair, line_, {"text", "json"});
  pair.add_option("--output", line_.output, "Of a client: write the report to FILE")
      ->type_name("FILE");
}

void Parser::add_mesh(CLI::App& mesh) {
  MeshOptions& options = line_.mesh;
  mesh.add_option(
          "--leader", options.leader,
          "Host of rank 0. Without it EFA_DOCTOR_MESH_LEADER, or the first node of srun's list")
      ->type_name("HOST");
  mesh.add_option("--rank", options.rank, "Of this node, from 0. Without it what started it says")
      ->type_name("N")
      ->check(whole_number(0, kMostRanks - 1));
  mesh.add_option("--ranks", options.ranks, "How many there are; with an Indexed Job to be said")
      ->type_name("N")
      ->check(whole_number(2, kMostRanks));
  mesh.add_option("--port", options.port, "TCP port of rank 0")
      ->type_name("N")
      ->check(whole_number(1, kMostPort))
      ->capture_default_str();
  mesh.add_option("--wait", options.wait_s, "For all ranks to be there; who is not is absent")
      ->type_name("SECONDS")
      ->check(whole_number(1, kMostMeshWait))
      ->capture_default_str();
  mesh.add_option("--token-file", options.pair.token_file,
                  "What all ranks must know. Without it EFA_DOCTOR_MESH_TOKEN")
      ->type_name("FILE");
  mesh.add_option("--seconds", options.pair.seconds, "For the figures of each two nodes")
      ->type_name("N")
      ->check(whole_number(1, kMostPairSeconds))
      ->capture_default_str();
  mesh.add_option("--sizes", options.pair.sizes, "Take figures with messages of so many bytes")
      ->type_name("BYTES,...")
      ->delimiter(',')
      ->capture_default_str();
  add_formats(mesh, line_, {"text", "json", "svg"});
  mesh.add_option("--output", line_.output, "Of rank 0: write the report to FILE")
      ->type_name("FILE");
}

void Parser::add_account(CLI::App& account) {
  AccountQuestion& question = line_.account;
  account.add_option("--instance", question.instances, "An instance; may be given again")
      ->type_name("ID")
      ->allow_extra_args(false);
  account
      .add_option("--filter", question.filters,
                  "Running instances that match, as tag:Fleet=train; may be given again")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  account
      .add_option("--template", question.templates,
                  "A CloudFormation template, a cdk.out folder or a Terraform plan in JSON, "
                  "instead of AWS; may be given again")
      ->type_name("FILE")
      ->allow_extra_args(false);
  account.add_option("--parameter", question.parameters, "A parameter of the template")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  account
      .add_option("--from-reports", question.reports,
                  "Reports of nodes, below latest/ of a bucket's prefix or a copy of them: their "
                  "instances are asked about, and what explains their faults is told")
      ->type_name("DIR|s3://BUCKET/PREFIX");
  account
      .add_option("--bucket", question.bucket,
                  "Where nodes put their reports: whether their roles may")
      ->type_name("s3://BUCKET/PREFIX");
  account.add_flag(
      "--check-rights", question.only_rights,
      "Say which of the calls the caller may make, with --from-reports also of its bucket, "
      "and ask about no fleet");
  account.add_flag("--expect-efa", line_.wishes.efa_is_expected,
                   "Every instance is meant to have EFA");
  account.add_flag("--require-ssm", line_.wishes.ssm_is_required,
                   "Nodes are reached by AWS Systems Manager alone");
  account
      .add_option("--root-volume", line_.wishes.root_volume_gib, "Recommended size of root volumes")
      ->type_name("GIB")
      ->check(whole_number(1, 65'536))
      ->capture_default_str();
  account
      .add_option("--session-log-group", question.session_log_group,
                  "Where sessions of SSM are logged; default: as the account's preferences say")
      ->type_name("NAME");
  account.add_option("--region", question.region, "Default: of the environment or the profile")
      ->type_name("REGION");
  account.add_option("--profile", question.profile, "Of ~/.aws/config; default: AWS_PROFILE")
      ->type_name("NAME");
  account.add_option("--endpoint", question.endpoint, "Of EC2's API, instead of that of AWS")
      ->type_name("URL");
  account.add_option("--rate", question.calls_a_second, "Calls a second at most")
      ->type_name("N")
      ->check(whole_number(1, 100))
      ->capture_default_str();
  account.add_option("--limit", question.limit_s, "Give up after this time")
      ->type_name("SECONDS")
      ->check(whole_number(5, 3600))
      ->capture_default_str();
  add_formats(account, line_, {"text", "json", "lines", "prometheus"});
  account.add_option("--output", line_.output, "Write the report to FILE")->type_name("FILE");
  account.add_flag("--deliver", line_.deliver_account,
                   "Put the instances into the bucket of the configuration, account/latest.json");
  account.add_option("--record", question.record, "Keep what AWS said in FILE")->type_name("FILE");
  account.add_option("--replay", question.replay, "Report on such a FILE instead of AWS")
      ->type_name("FILE");
}

Command Parser::command() const {
  for (const auto& [app, command] : commands_) {
    if (*app) return command;
  }
  if (daemon_) return Command::kDaemon;
  return once_ || !line_.replay.empty() ? Command::kOnce : Command::kUsageError;
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
    if (!of.empty()) {
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
  return line_;
}

// "SECONDS:NONNEGATIVE" -> "SECONDS", "TEXT:{text,json}" -> "text|json"
std::string value_of(const std::string& type) {
  const size_t brace = type.find('{');
  if (brace == std::string::npos) return type.substr(0, type.find(':'));
  std::string words = type.substr(brace + 1, type.find('}') - brace - 1);
  std::replace(words.begin(), words.end(), ',', '|');
  return words;
}

CommandText text_of(const CLI::App& app, const std::string& name) {
  CommandText text{name, app.get_description(), {}};
  for (const CLI::Option* option : app.get_options()) {
    if (!name.empty() && option == app.get_help_ptr()) continue;  // told once
    if (option->get_group().empty()) continue;                    // hidden
    const bool flag = option->get_items_expected_max() == 0;
    const bool argument = option->get_positional();
    const std::string type = option->get_type_name();
    const bool named = argument && type.find('{') == std::string::npos;  // by its name alone
    text.options.push_back({option->get_name(argument), flag || named ? "" : value_of(type),
                            option->get_description()});
  }
  return text;
}

std::vector<CommandText> Parser::texts() const {
  std::vector<CommandText> texts{text_of(app_, "")};
  for (const auto& [app, command] : commands_) texts.push_back(text_of(*app, app->get_name()));
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
