#include "agent/cli/service_word.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "probes/protocol/exec_vector.h"
#include "probes/protocol/process.h"
#include "probes/protocol/text.h"

namespace efa {
namespace {

// The start of what it prints; nothing when it does not run or takes long.
std::optional<std::string> output_of(const std::vector<std::string>& command) {
  constexpr int kLimitMs = 2'000;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  const std::vector<std::string> environment{"LC_ALL=C"};
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, command[0].c_str(), &actions, nullptr,
                                 exec_vector(command).data(), exec_vector(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::optional<std::string> output;
  char text[4096];
  pollfd wait{ends[0], POLLIN, 0};
  if (failed == 0 && poll(&wait, 1, kLimitMs) > 0) {
    const ssize_t count = read(ends[0], text, sizeof text);
    if (count > 0) output.emplace(text, static_cast<size_t>(count));
  }
  close(ends[0]);
  if (failed == 0 && !wait_for_exit(pid, std::chrono::milliseconds(kLimitMs))) kill(pid, SIGKILL);
  return output;
}

// The unit is that of the default directories; a daemon of other ones was started otherwise.
std::optional<UnitState> unit_of(const Config& config) {
  if (config.run_directory != Config().run_directory) return std::nullopt;
  if (access("/run/systemd/system", F_OK) != 0) return std::nullopt;
  const std::optional<std::string> shown =
      output_of({"/usr/bin/systemctl", "show", "--property=ActiveState,Result,NRestarts",
                 "efa-doctor.service"});
  return shown ? std::optional(parse_unit_state(*shown)) : std::nullopt;
}

}  // namespace

UnitState parse_unit_state(const std::string& shown) {
  UnitState unit;
  for (const std::string& line : split(shown, '\n')) {
    const size_t equal = line.find('=');
    if (equal == std::string::npos) continue;
    const std::string key = line.substr(0, equal);
    if (key == "ActiveState") unit.active = line.substr(equal + 1);
    if (key == "Result") unit.result = line.substr(equal + 1);
    if (key == "NRestarts") unit.restarted = line.substr(equal + 1);
  }
  return unit;
}

ServiceWord judge_service(const ServiceFile& service, bool gone,
                          const std::optional<UnitState>& unit) {
  if (service.state == "starting") {
    return {false, "the service is starting again after it ended unexpectedly"};
  }
  if (service.state != "stopped") {
    if (!gone) return {};
    return {false, "the service ended unexpectedly: its process " + std::to_string(service.pid) +
                       " is gone"};
  }
  const std::string times = unit ? unit->restarted : "";
  // an operator's stop leaves the count of earlier restarts
  const bool ended_well = unit && unit->active == "inactive" && unit->result == "success";
  const bool restarting = !times.empty() && times != "0" && unit->active != "active" && !ended_well;
  if (unit && (restarting || unit->active == "failed")) {
    return {false, "the service does not start (" + unit->active + ", result " + unit->result +
                       ", started again " + times + " times)"};
  }
  if (unit && unit->active != "inactive") return {};  // it has just been started
  return {true, "stopped at " + service.since + ": nothing renews this verdict"};
}

ServiceWord word_on_service(const Config& config) {
  const std::optional<ServiceFile> service = read_service_file(config);
  if (!service) return {};
  return judge_service(*service, has_gone(*service),
                       service->state == "stopped" ? unit_of(config) : std::nullopt);
}

}  // namespace efa
