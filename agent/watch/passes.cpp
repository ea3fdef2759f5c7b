#include "agent/watch/passes.h"

#include <sys/wait.h>

#include <csignal>
#include <utility>

#include "agent/log/log.h"
#include "agent/report/format.h"
#include "probes/base/child.h"
#include "probes/base/exit_codes.h"

namespace efa {

Passes::Passes(std::string efa_doctor, const AcceptedConfig& config,
               std::function<void(const EndedPass&)> ended)
    : efa_doctor_(std::move(efa_doctor)), config_(config), ended_(std::move(ended)) {}

Result<Done> Passes::start(Trigger trigger, bool data, int64_t now_ms) {
  output_.emplace();
  child_.set_limit(now_ms + config_.config().pass.deadline_ms + kBeyondLimitMs);
  std::vector<std::string> arguments{
      efa_doctor_, "--once",         "--format", word_of(OutputFormat::kHealth),
      "--trigger", word_of(trigger), "--config", config_.path()};
  if (data) arguments.emplace_back("--data");
  return child_.start(loop_, arguments, {config_.fd(), output_->fd()});
}

DaemonChild::Overdue Passes::check_limit(int64_t now_ms) {
  const DaemonChild::Overdue overdue = child_.check_limit(now_ms);
  if (overdue == DaemonChild::Overdue::kKilled) {
    log_error("a pass did not end in time and is killed");
  }
  return overdue;
}

void Passes::take_end(int status) {
  const std::string text = output_->text();
  output_.reset();
  const bool by_itself = WIFEXITED(status) && WEXITSTATUS(status) < kExitUsage;
  EndedPass end;
  if (by_itself) end.told = parse_told(text);
  if (!end.told) end.how = by_itself ? "no verdict" : words_of_exit(status);
  ended_(end);
}

void Passes::end_what_was_left(pid_t delivery) {
  constexpr std::chrono::milliseconds kTimeToDie{50};
  for (const AdoptedProcess& one : adoption_.end({child_.pid(), delivery}, kTimeToDie)) {
    log_warning("process {} ({}) was left by a pass and is killed", one.process.pid,
                one.process.subject);
  }
}

}  // namespace efa
