// efa-doctor: from the command line to the verb that was asked for (efa-doctor(1), "COMMANDS").

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>

#include "agent/cli/account.h"
#include "agent/cli/catalogue.h"
#include "agent/cli/command_line.h"
#include "agent/cli/daemon_check.h"
#include "agent/cli/image_check.h"
#include "agent/cli/list_modes.h"
#include "agent/cli/once.h"
#include "agent/cli/status.h"
#include "agent/cli/topology.h"
#include "agent/config/expect.h"
#include "agent/config/paths.h"
#include "agent/config/s3_settings.h"
#include "agent/deliver/local.h"
#include "agent/deliver/s3/hand_over.h"
#include "agent/log/log.h"
#include "agent/mesh/become.h"
#include "probes/base/exit_codes.h"
#include "probes/base/printable.h"

namespace efa {
namespace {

// A caller may have closed some of them: a probe's pipe or a file of ours must not take their
// numbers. Writing to a standard output that was closed still fails.
void fill_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    const bool open = fcntl(fd, F_GETFD) >= 0;
    if (!open) (void)::open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY);
  }
}

OnceOptions once_options(const CommandLine& line, const Config& config) {
  OnceOptions options;
  options.config = config;
  options.config_file = line.config;
  options.format = line.format;
  options.output = line.output;
  options.sysroot = line.sysroot;
  options.replay = line.replay;
  options.expect = line.expect;
  options.deliver = line.deliver;
  options.trigger = line.trigger;
  options.asked = line.asked;
  return options;
}

OnceOptions topology_options(const CommandLine& line, const Config& config) {
  OnceOptions options = once_options(line, config);
  options.deliver = false;
  return options;
}

// The daemon is a small executable of its own, so that it holds no library of a pass for months.
int become_daemon(const CommandLine& line) {
  const std::string daemon = find_libexec() + "/efa-doctord";
  std::error_code error;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", error);
  execl(daemon.c_str(), "efa-doctor", self.c_str(),
        line.config.empty() ? nullptr : line.config.c_str(), nullptr);
  log_error("{}", message_of(system_error(errno, daemon)));
  return kExitInternal;
}

Result<Done> check_host_root(const CommandLine& line, const Config& config) {
  const std::string& host_root = config.pass.host_root;
  std::error_code error;
  const bool right = line.sysroot != "/" || host_root.empty() ||
                     std::filesystem::is_directory(host_root + "/etc", error);
  if (right) return Done{};
  return malformed("host_root", "the node's root is not mounted at " + host_root);
}

// Told before anything is looked at or written.
Result<Done> check_arguments(const CommandLine& line, const Config& config) {
  const Result<ExpectSetting> expect = parse_expect(line.expect.value_or("auto"));
  if (!expect) return expect.error();
  std::error_code error;
  if (!std::filesystem::is_directory(line.sysroot, error)) {
    return system_error(error ? error.value() : ENOTDIR, line.sysroot);
  }
  return check_host_root(line, config);
}

DeliveryRun delivery_run(const CommandLine& line) {
  DeliveryRun run;
  run.config_file = line.config;
  run.limit_ms = line.deliver_limit_s * 1000;
  run.patient = line.patient;
  return run;
}

// What config-check alone looks at: files of this machine, and what the daemon needs.
std::vector<Error> errors_for_check(const CommandLine& line, const Config& config) {
  std::vector<Error> errors = check_directories(config);
  for (Error& error : check_for_daemon(config)) errors.push_back(std::move(error));
  for (const Result<Done>& right : {check_host_root(line, config), check_authorities(config.s3)}) {
    if (!right) errors.push_back(right.error());
  }
  return errors;
}

int check_config(const Config& config, const std::string& path) {
  for (const std::string& words : who_else_decides(config)) log_warning("{}", words);
  std::printf("%s: correct\n", printable(path).c_str());
  return 0;
}

PairOptions pair_options(const CommandLine& line, PairOptions options) {
  options.format = line.format;
  options.output = line.output;
  options.sysroot = line.sysroot;
  return options;
}

MeshOptions mesh_options(const CommandLine& line) {
  MeshOptions options = line.mesh;
  options.pair = pair_options(line, options.pair);
  return options;
}

int run_with_config(const CommandLine& line) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone is an error of write(2), no more
  const std::string path = line.config.empty() ? kConfigPath : line.config;
  MoreErrors more;
  if (line.command == Command::kConfigCheck) {
    more = [&line](const Config& config) { return errors_for_check(line, config); };
  }
  const ReadConfig read = read_whole_config(path, /*required=*/!line.config.empty(), more);
  for (const Error& error : read.errors) log_error("{}", message_of(error));
  if (!read.errors.empty()) return kExitUsage;
  const Config& config = read.config;
  const Result<Done> right = check_arguments(line, config);
  if (!right) {
    log_error("{}", message_of(right.error()));
    return kExitUsage;
  }
  switch (line.command) {
    case Command::kStatus:
      return run_status(config,
                        {line.max_age_s, line.wait_s, line.accept_degraded, line.require_data,
                         line.format == OutputFormat::kReason, line.actors});
    case Command::kRecord:
      return run_record(once_options(line, config), line.record_file, line.redact);
    case Command::kDeliver:
      return become_uploader(delivery_run(line));
    case Command::kConfigCheck:
      return check_config(config, path);
    case Command::kImageCheck:
      return run_image_check(once_options(line, config));
    case Command::kTopology:
      return run_topology(topology_options(line, config));
    case Command::kAccount:
      return run_account(config, {line.account, line.wishes, line.format, line.output,
                                  line.deliver_account, line.config});
    case Command::kPair:
      return become_pair(config, pair_options(line, line.pair));
    case Command::kMesh:
      return become_mesh(config, mesh_options(line));
    default:
      return run_once(once_options(line, config));
  }
}

int run(int argc, const char* const* argv) {
  const CommandLine line = parse_command_line(argc, argv);
  switch (line.command) {
    case Command::kPrinted:
      return 0;
    case Command::kUsageError:
      return kExitUsage;
    case Command::kDaemon:
      return become_daemon(line);
    case Command::kExplain:
      return run_explain(line.code);
    case Command::kListModes:
      return run_list_modes(line.format);
    case Command::kListChecks:
      return run_list_checks(line.format);
    default:
      return run_with_config(line);
  }
}

// What was asked for and could not be printed is no success.
int printed(int code) {
  const bool whole = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (whole || code != 0) return code;
  log_error("standard output could not be written");
  return kExitInternal;
}

}  // namespace
}  // namespace efa

int main(int argc, char** argv) {
  efa::fill_standard_descriptors();
  try {
    efa::log_to_stderr();
    return efa::printed(efa::run(argc, argv));
  } catch (const std::exception& error) {  // of a library, or no memory
    std::fprintf(stderr, "efa-doctor: internal error: %s\n", efa::printable(error.what()).c_str());
    return efa::kExitInternal;
  }
}
