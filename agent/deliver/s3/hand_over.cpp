#include "agent/deliver/s3/hand_over.h"

#include <spawn.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "agent/config/paths.h"
#include "agent/config/s3_settings.h"
#include "agent/deliver/s3/broken_delivery.h"
#include "agent/deliver/s3/news.h"
#include "agent/deliver/s3/settings.h"
#include "agent/log/log.h"
#include "agent/report/fold.h"
#include "probes/base/child.h"
#include "probes/base/exec_vector.h"
#include "probes/base/exit_codes.h"
#include "probes/base/fd.h"

namespace efa {
namespace {

std::vector<std::string> arguments_of(const DeliveryRun& run) {
  std::vector<std::string> arguments{find_libexec() + "/deliver-s3"};
  if (!run.config_file.empty()) {
    arguments.emplace_back("--config");
    arguments.push_back(run.config_file);
  }
  arguments.emplace_back("--limit-ms");
  arguments.push_back(std::to_string(run.limit_ms));
  if (run.patient) arguments.emplace_back("--patient");
  if (run.quiet) arguments.emplace_back("--quiet");
  if (!run.object.empty()) arguments.insert(arguments.end(), {"--object", run.object});
  return arguments;
}

// `in`: what it reads; -1: what we do.
Result<Child> start(const DeliveryRun& run, int in) {
  const std::vector<std::string> arguments = arguments_of(run);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (in >= 0) posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  pid_t pid = 0;
  const int failed = posix_spawn(&pid, arguments[0].c_str(), &actions, nullptr,
                                 exec_vector(arguments).data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return system_error(failed, arguments[0]);
  return Child(pid);
}

// By a person or a script, who wants to see it there.
bool was_asked_for(const Report& report) {
  return report.run.trigger == Trigger::kOnce || report.run.trigger == Trigger::kRequest;
}

}  // namespace

void spool_for_s3(const Config& config, const Report& report) {
  if (!delivers_to_s3(config.s3)) return;
  const Spool spool = spool_of(config);
  Value value = report_value(report);
  const News news{digest_of(value, destination_of(config.s3)), report.run.boottime_ms.value_or(0)};
  const Repetition repetition{config.s3.repeat_s * 1000, config.daemon.interval_s * 1000};
  if (!was_asked_for(report) && !is_due(spool.state().news, news, repetition)) return;
  fold(value);
  const Result<ReportNames> names = names_of(value);
  // one line: Athena and Spark read a JSON object a line
  const Result<Done> kept = names ? spool.put(names->id, verdict_text(report.diagnosis.verdict),
                                              render_json(value) + "\n", news)
                                  : Result<Done>(names.error());
  if (!kept) log_warning("report was not queued for S3: {}", message_of(kept.error()));
}

void trim_spool(const Config& config) {
  if (!delivers_to_s3(config.s3)) return;
  const Result<Done> trimmed = spool_of(config).trim();
  if (!trimmed) log_warning("report was not queued for S3: {}", message_of(trimmed.error()));
}

void deliver_shortly(const Config& config, const std::string& config_file) {
  constexpr std::chrono::milliseconds kGrace{500};  // to end by itself
  if (!delivers_to_s3(config.s3)) return;
  DeliveryRun run;
  run.config_file = config_file;
  run.limit_ms = config.s3.once_limit_ms;
  run.patient = true;  // nobody asked for a try against earlier decisions
  run.quiet = true;
  Result<Child> uploader = start(run, -1);
  if (!uploader) {
    log_warning("delivery to S3 was not started: {}", message_of(uploader.error()));
    return;
  }
  const std::chrono::milliseconds limit(run.limit_ms);
  std::optional<int> status = uploader->wait(limit + kGrace);
  if (!status) {
    log_warning("delivery to S3 did not end within {} ms and is killed", run.limit_ms);
    uploader->kill(SIGKILL);  // loses nothing: a report leaves the spool when S3 has it
    status = uploader->wait(kGrace);
  }
  note_end_of_delivery(config, status.value_or(SIGKILL));
}

Result<Done> deliver_object(const std::string& config_file, const std::string& key,
                            const std::string& body) {
  constexpr std::chrono::seconds kLimit{60};
  constexpr std::chrono::seconds kGrace{2};
  const Result<Fd> file = memory_file("object", body);
  if (!file) return file.error();
  DeliveryRun run;
  run.config_file = config_file;
  run.limit_ms = std::chrono::milliseconds(kLimit).count();
  run.object = key;
  Result<Child> uploader = start(run, file->get());
  if (!uploader) return uploader.error();
  const std::optional<int> status = uploader->wait(kLimit + kGrace);
  if (status == 0) return Done{};
  if (!status) uploader->kill(SIGKILL);
  return Error{ErrorKind::kInputOutput, key, "was not delivered"};
}

int become_uploader(const DeliveryRun& run) {
  const std::vector<std::string> arguments = arguments_of(run);
  execv(arguments[0].c_str(), exec_vector(arguments).data());
  log_error("{}: {}", arguments[0], std::strerror(errno));
  return kExitInternal;
}

}  // namespace efa
