#include "agent/cli/once.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "agent/deliver/local.h"
#include "agent/deliver/s3/hand_over.h"
#include "agent/log/log.h"
#include "agent/pass/conclude.h"
#include "agent/pass/look.h"
#include "agent/report/output.h"
#include "probes/base/exit_codes.h"
#include "probes/base/files.h"
#include "probes/base/printable.h"
#include "probes/base/text.h"

namespace efa {
namespace {

constexpr size_t kMaxRecording = size_t{32} * 1024 * 1024;

// "waiting for: fabric (fi_getinfo), 3 s; 11 of 12"
std::string words_of(const HowFar& far) {
  constexpr size_t kMostNamed = 3;
  std::vector<std::string> named;
  int64_t longest_ms = 0;
  for (const Awaited& one : far.awaited) {
    longest_ms = std::max(longest_ms, one.ms);
    if (named.size() == kMostNamed) continue;
    named.push_back(one.probe + (one.step.empty() ? "" : " (" + one.step + ")"));
  }
  const size_t more = far.awaited.size() - named.size();
  return fmt::format("waiting for: {}{}, {} s; {} of {}", join(named, ", "),
                     more > 0 ? fmt::format(" and {} more", more) : "", longest_ms / 1000,
                     far.ended, far.all);
}

// One line of a terminal, that is overwritten.
Progress progress_on_terminal(const OnceOptions& options) {
  if (options.format != OutputFormat::kText || !options.output.empty() ||
      isatty(STDERR_FILENO) == 0 || isatty(STDOUT_FILENO) == 0 || !understands_escapes()) {
    return {};
  }
  return [width = static_cast<size_t>(style_of("").width)](const HowFar& far) {
    if (far.awaited.empty()) return;
    std::fprintf(stderr, "\r\033[K%s", printable(words_of(far), width - 1).c_str());
  };
}

Looked look(const OnceOptions& options, bool record, const std::set<std::string>& only = {}) {
  const PassRequest request{.config = options.config,
                            .sysroot = options.sysroot,
                            .expect = options.expect.value_or(options.config.pass.expect),
                            .record = record,
                            .keep_state = options.deliver,
                            .trigger = options.trigger,
                            .asked = options.asked,
                            .only = only};
  const Progress progress = progress_on_terminal(options);
  Looked looked = look_at_machine(request, progress);
  if (progress) std::fprintf(stderr, "\r\033[K");
  return looked;
}

Result<Recording> read_recording(const std::string& path) {
  const Result<std::string> packed = read_file(path, kMaxRecording);
  if (!packed) return packed.error();
  return unpack(*packed, path);
}

Result<Looked> look_at_recording(const OnceOptions& options) {
  Result<Recording> recording = read_recording(options.replay);
  if (!recording) return recording.error();
  if (options.expect) {
    recording->before.judged_by = criteria_of(*recording);
    recording->expect = *options.expect;
    forget_unless_judged_by(recording->before, criteria_of(*recording));
  }
  std::vector<ProbeRun> runs = replayed_runs(options.config, *recording);
  return Looked{std::move(*recording), std::move(runs)};
}

std::string rendered(const OnceOptions& options, const Report& report) {
  if (options.format == OutputFormat::kJson) return render_json(report_value(report), 1) + "\n";
  if (options.format == OutputFormat::kHealth) {
    return render_json(health_value(report, report_path(options.config.files)), 1) + "\n";
  }
  if (options.format == OutputFormat::kPrometheus)
    return render_prometheus(report, options.config.files.metrics_counters);
  return render_text(report, style_of(options.output));
}

// Whether this user may write there, or make it.
bool may_write(std::filesystem::path directory) {
  std::error_code error;
  while (!std::filesystem::exists(directory, error) && directory.has_relative_path()) {
    directory = directory.parent_path();
  }
  return access(directory.c_str(), W_OK) == 0;
}

// A person who is not root is told so once, and not for each file that cannot be written.
bool can_keep(const OnceOptions& options) {
  const FilesConfig& files = options.config.files;
  const bool person = geteuid() != 0 && options.trigger == Trigger::kOnce;
  if (!person || (may_write(files.state_directory) && may_write(files.run_directory))) return true;
  log_warning(
      "not root: the report is not kept, and some things cannot be seen; sudo efa-doctor --once "
      "sees and keeps all, --no-deliver keeps nothing");
  return false;
}

void keep(const OnceOptions& options, const Conclusion& conclusion) {
  const Result<int64_t> kept = end_pass(state_path(options.config.files), conclusion.after);
  if (!kept) log_warning("state was not saved: {}", message_of(kept.error()));
  spool_for_s3(options.config, conclusion.report);  // first: what health.json tells reaches S3
  deliver_local(options.config.files, conclusion.report, kept.value_or(0));
  trim_spool(options.config);  // last: health.json does not wait for what others left
}

}  // namespace

Result<Looked> look_at(const OnceOptions& options, const std::set<std::string>& only) {
  if (!options.replay.empty()) return look_at_recording(options);
  return look(options, /*record=*/false, only);
}

int run_once(const OnceOptions& options) {
  const Result<Looked> looked = look_at(options);
  if (!looked) {
    log_error("{}", message_of(looked.error()));
    return kExitUsage;
  }
  const Recording& recording = looked->recording;
  const Result<Conclusion> conclusion = conclude(recording, looked->runs);
  if (!conclusion) {
    log_error("{}", message_of(conclusion.error()));
    return kExitUsage;
  }
  const bool kept =
      options.deliver && options.replay.empty() && recording.live && can_keep(options);
  if (kept) keep(options, *conclusion);
  const int code = put_out(rendered(options, conclusion->report), options.output,
                           exit_code_of(conclusion->report.diagnosis.verdict));
  // the daemon delivers itself, after the pass
  if (kept && options.trigger == Trigger::kOnce) {
    deliver_shortly(options.config, options.config_file);
  }
  return code;
}

int run_record(const OnceOptions& options, const std::string& file, bool redacted) {
  Looked looked = look(options, /*record=*/true);
  Recording& recording = looked.recording;
  recording.probes = recorded_probes(looked.runs);
  if (redacted) redact(recording);
  const Result<std::string> packed = pack(recording);
  const Result<Done> written =
      packed ? write_output(file, *packed, 0600) : Result<Done>(packed.error());
  if (!written) {
    log_error("{}", message_of(written.error()));
    return kExitInternal;
  }
  std::printf("%s: %zu probes recorded\n", printable(file).c_str(), recording.probes.size());
  return 0;
}

}  // namespace efa
