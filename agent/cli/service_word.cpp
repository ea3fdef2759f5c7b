#include "agent/cli/service_word.h"

#include <unistd.h>

#include <chrono>

#include "probes/base/child.h"
#include "probes/base/text.h"

namespace efa {
namespace {

// What it prints; nothing when it does not run or takes long.
std::optional<std::string> output_of(const std::vector<std::string>& command) {
  constexpr std::chrono::seconds kLimit{2};
  constexpr size_t kMostText = 4096;
  Result<RunningCommand> running = RunningCommand::start(command, {"LC_ALL=C"});
  if (!running) return std::nullopt;
  const RunningCommand::Printed printed =
      running->output(std::chrono::steady_clock::now() + kLimit, kMostText);
  return printed.text.empty() ? std::nullopt : std::optional(printed.text);
}

// The unit is that of the default directories; a daemon of other ones was started otherwise.
std::optional<UnitState> unit_of(const FilesConfig& files) {
  if (files.run_directory != FilesConfig().run_directory) return std::nullopt;
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
    if (!gone) return {.runs = true};
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
  if (unit && unit->active != "inactive") return {.runs = true};  // it has just been started
  return {true, "stopped at " + service.since + ": this verdict is no longer updated"};
}

ServiceWord word_on_service(const FilesConfig& files) {
  const std::optional<ServiceFile> service = read_service_file(files);
  if (!service) return {};
  return judge_service(*service, has_gone(*service),
                       service->state == "stopped" ? unit_of(files) : std::nullopt);
}

}  // namespace efa
