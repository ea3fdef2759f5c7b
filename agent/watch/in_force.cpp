#include "agent/watch/in_force.h"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "agent/config/paths.h"
#include "agent/deliver/service_file.h"
#include "agent/log/log.h"
#include "agent/report/report.h"
#include "probes/base/files.h"
#include "probes/base/moment.h"
#include "probes/base/printable.h"

namespace efa {
namespace {

std::optional<Told> on_disk(const FilesConfig& files) {
  constexpr size_t kMaxHealth = size_t{256} * 1024;
  return parse_told(read_file(health_path(files), kMaxHealth).value_or(""));
}

void write(const FilesConfig& files, const Value& health) {
  const Result<Done> written =
      write_in_place_of_old(health_path(files), render_json(health, 1) + "\n");
  if (!written) log_error("not written: {}", message_of(written.error()));
}

// The file says what the pass said, or a newer one; where it cannot be written an older verdict is
// not left in force if that can be helped.
void put_in_force(const FilesConfig& files, const Told& told) {
  const std::optional<Told> old = on_disk(files);
  if (old && old->boot_id == told.boot_id && old->sequence >= told.sequence) return;
  Value health = told.health;
  health.set("problems", Array{Value("the pass could not write " + health_path(files))});
  write(files, health);
}

Value unknown_health(const FilesConfig& files, const std::string& summary, int64_t sequence) {
  const Moment now = Moment::now();
  const int64_t valid_ms = files.valid_for_s * 1000;
  Value health;
  health.set("verdict", verdict_text(Verdict::kUnknown));
  health.set("exit_code", exit_code_of(Verdict::kUnknown));
  health.set("summary", summary);
  health.set("root_causes", Array{});
  health.set("generated_at", time_text(now.unix_ms));
  health.set("valid_until", time_text(now.unix_ms + valid_ms));
  health.set("generated_boottime_ms", now.boot_ms);
  health.set("valid_until_boottime_ms", now.boot_ms + valid_ms);
  health.set("boot_id", boot_id_of_machine());
  health.set("sequence", std::max<int64_t>(sequence, 1));
  health.set("starting", false);
  health.set("recovering", false);
  health.set("report", report_path(files));
  health.set("problems", Array{});
  return health;
}

}  // namespace

// The daemon before us may take a moment to end.
Result<Done> InForce::take(const FilesConfig& files) {
  constexpr std::chrono::seconds kEnds{5};
  (void)open_directory(files.run_directory, /*make=*/true).ok();
  Result<FileLock> lock = FileLock::wait_for(files.run_directory + "/daemon.lock", kEnds);
  if (!lock && lock.error().kind == ErrorKind::kTimedOut) {
    return Error{ErrorKind::kDenied, files.run_directory, "another daemon uses it"};
  }
  lock_.reset();
  if (lock) lock_ = std::move(*lock);
  files_ = files;
  return Done{};
}

void InForce::tell(const std::string& state) {
  told_ = write_service_file(files_, state);
}

void InForce::tell_that_it_runs() {
  tell(starts_again_ ? "starting" : "running");
}

Result<Done> InForce::start(const FilesConfig& files) {
  Result<Done> taken = take(files);
  if (!taken) return taken;
  const std::optional<ServiceFile> before = read_service_file(files);
  starts_again_ = before && before->state != "stopped" && has_gone(*before);
  if (starts_again_) {
    log_warning(
        "the service had ended unexpectedly; its verdict is valid again after the next pass");
  }
  tell_that_it_runs();
  return taken;
}

Result<Done> InForce::move(const FilesConfig& files) {
  if (files.run_directory == files_.run_directory) {
    files_ = files;
    return Done{};
  }
  tell("stopped");  // there
  Result<Done> taken = take(files);
  if (taken) tell_that_it_runs();
  return taken;
}

void InForce::stop() {
  // what no pass has confirmed since an unexpected end stays out of force
  if (!starts_again_) tell("stopped");
}

// Also where service.json could not be written before.
void InForce::answer_for_verdict() {
  if (std::exchange(starts_again_, false) || !told_) tell("running");
}

void InForce::take_verdict(const Told& told) {
  broken_ = 0;
  put_in_force(files_, told);
  answer_for_verdict();
  say(told.verdict, told.summary);
}

int InForce::take_broken_pass(const std::string& how) {
  ++broken_;
  log_error("the pass ended with {}", how);
  if (broken_ >= 2) {
    take_unknown("the last " + std::to_string(broken_) + " passes failed, the newest with " + how);
  }
  return broken_;
}

void InForce::take_unknown(const std::string& why) {
  const std::optional<Told> old = on_disk(files_);
  std::string summary = why;
  // what the file said before it said unknown is not worth keeping
  if (old && old->verdict != verdict_text(Verdict::kUnknown)) {
    summary += "; at " + old->health.text("generated_at") + " it was " + old->verdict;
  }
  write(files_, unknown_health(files_, summary, old ? old->sequence : 1));
  answer_for_verdict();
  say(verdict_text(Verdict::kUnknown), why);
}

void InForce::say(const std::string& verdict, const std::string& summary) {
  constexpr size_t kMostStatus = 1024;
  const std::string status = "STATUS=" + printable(verdict + ": " + summary, kMostStatus);
  sd_notify(0, status.c_str());
  if (verdict != verdict_) log_info("verdict: {}: {}", verdict, summary);
  verdict_ = verdict;
}

}  // namespace efa
