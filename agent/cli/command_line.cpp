#include "agent/cli/command_line.h"

#include <CLI/CLI.hpp>

#include "agent/version.h"

namespace efa {
namespace {

constexpr const char* kFooter =
    "Exit codes of --once and status: 0 healthy or no EFA expected, 1 degraded, 2 unhealthy,\n"
    "3 unknown; of all: 64 usage or configuration error, 70 internal error.";

void add_pass_options(CLI::App& app, CommandLine& line) {
  app.add_option("--sysroot", line.sysroot, "Look at the machine whose files lie in DIR")
      ->type_name("DIR");
  app.add_option("--expect", line.expect, "EFA devices that the node should have: auto, none or N")
      ->type_name("N");
}

void add_formats(CLI::App& app, CommandLine& line, std::vector<std::string> formats) {
  app.add_option("--format", line.format, "How to print it")
      ->check(CLI::IsMember(std::move(formats)))
      ->capture_default_str();
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  bool once = false;
  bool daemon = false;
  bool no_deliver = false;
  int64_t max_age_s = 0;

  CLI::App app("Tells whether EFA works on this node, and if not, why and who fixes it how.",
               "efa-doctor");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string(kVersion) + " (" + kCommit + ")");
  app.add_option("--config", line.config, "Configuration; default /etc/efa-doctor/config.toml")
      ->type_name("FILE");
  app.fallthrough();
  app.require_subcommand(0, 1);
  app.add_flag("--once", once, "Look at the node once, print the report, keep it on disk");
  app.add_flag("--daemon", daemon, "Look again and again, and whenever something changes")
      ->excludes("--once");
  app.add_option("--trigger", line.trigger, "Why this pass is made, for the report")
      ->type_name("WORD")
      ->check(
          CLI::IsMember({"once", "boot", "interval", "event", "request", "recovery", "starting"}));
  add_pass_options(app, line);
  add_formats(app, line, {"text", "json", "prometheus"});
  app.add_option("--output", line.output, "Print to FILE")->type_name("FILE");
  app.add_option("--replay", line.replay, "Report on a recording instead of this node")
      ->type_name("FILE")
      ->excludes("--sysroot");
  app.add_flag("--no-deliver", no_deliver, "Write no report, health or state file");

  CLI::App* status = app.add_subcommand("status", "Print the verdict of the newest pass");
  const CLI::Option* age = status->add_option("--max-age", max_age_s, "An older verdict is unknown")
                               ->type_name("SECONDS")
                               ->check(CLI::NonNegativeNumber);
  status->add_option("--wait", line.wait_s, "Wait so long for the node to be healthy")
      ->type_name("SECONDS")
      ->check(CLI::NonNegativeNumber);
  add_formats(*status, line, {"text", "reason"});
  std::string accept;
  status->add_option("--accept", accept, "Exit with 0 for this verdict too")
      ->check(CLI::IsMember({"degraded"}));
  CLI::App* explain = app.add_subcommand("explain", "Print what a finding's code means");
  explain->add_option("CODE", line.code)->required();
  CLI::App* list = app.add_subcommand("list-checks", "Print all checks");
  add_formats(*list, line, {"text", "json", "markdown"});
  CLI::App* record = app.add_subcommand("record", "Look once and keep all that was read");
  record->add_option("FILE", line.record_file, "FILE.tar.zst")->required();
  record->add_flag("--redact", line.redact, "Without names and addresses of this host");
  CLI::App* config_check =
      app.add_subcommand("config-check", "Say whether the configuration is right");
  CLI::App* deliver = app.add_subcommand("deliver", "Send the reports that wait for S3");
  deliver->add_option("--limit", line.deliver_limit_s, "Give up after this time")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  deliver->add_flag("--patient", line.patient, "Keep to the pauses that earlier tries decided on");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    line.command = app.exit(error) == 0 ? Command::kPrinted : Command::kUsageError;
    return line;
  }
  line.deliver = !no_deliver;
  line.accept_degraded = !accept.empty();
  if (age->count() > 0) line.max_age_s = max_age_s;
  if (*status) line.command = Command::kStatus;
  if (*explain) line.command = Command::kExplain;
  if (*list) line.command = Command::kListChecks;
  if (*record) line.command = Command::kRecord;
  if (*deliver) line.command = Command::kDeliver;
  if (*config_check) line.command = Command::kConfigCheck;
  if (line.command == Command::kUsageError && daemon) line.command = Command::kDaemon;
  if (line.command == Command::kUsageError && (once || !line.replay.empty())) {
    line.command = Command::kOnce;
  }
  if (line.command == Command::kUsageError) {
    std::fprintf(stderr, "efa-doctor: what shall it do?\n%s", app.help().c_str());
  }
  return line;
}

}  // namespace efa
